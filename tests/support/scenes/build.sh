# Prints what looks like a working day, for pictures of the page.
c() { printf '\033[%sm' "$1"; }
step() { printf '  %s%s%s %-34s %s%s%s\n' "$(c '1;32')" "$1" "$(c 0)" "$2" "$(c 2)" "$3" "$(c 0)"; }
clear
printf '%s~/orchard%s %son%s %smain%s %s❯%s make release\n' "$(c '1;34')" "$(c 0)" "$(c 2)" "$(c 0)" "$(c 35)" "$(c 0)" "$(c 32)" "$(c 0)"
printf '%s==>%s %sChecking the toolchain%s\n' "$(c 34)" "$(c 0)" "$(c 1)" "$(c 0)"
step ✓ 'cargo 1.84.0' '0.1 s'
step ✓ 'protoc 29.3' '0.0 s'
printf '%s==>%s %sBuilding%s  14 crates, 8 jobs\n' "$(c 34)" "$(c 0)" "$(c 1)" "$(c 0)"
for one in 'orchard-proto v0.9.2' 'orchard-store v0.9.2' 'orchard-index v0.9.2' 'orchard-query v0.9.2' 'orchard-server v0.9.2'; do
  printf '   %sCompiling%s %s\n' "$(c '1;32')" "$(c 0)" "$one"
done
printf '%swarning%s%s: unused variable: `shard`%s\n' "$(c '1;33')" "$(c 0)" "$(c 1)" "$(c 0)"
printf '   %s-->%s query/src/planner.rs:218:13\n' "$(c '1;34')" "$(c 0)"
printf '    %s|%s\n' "$(c '1;34')" "$(c 0)"
printf '%s218 |%s         let shard = self.route(&key)?;\n' "$(c '1;34')" "$(c 0)"
printf '    %s|%s             %s^^^^^ help: prefix it with an underscore: `_shard`%s\n' "$(c '1;34')" "$(c 0)" "$(c '1;33')" "$(c 0)"
printf '    %sFinished%s `release` profile [optimized] target(s) in 48.21s\n' "$(c '1;32')" "$(c 0)"
printf '%s==>%s %sTesting%s\n' "$(c 34)" "$(c 0)" "$(c 1)" "$(c 0)"
step ✓ 'store::recovers_after_a_crash' '212 ms'
step ✓ 'store::compacts_while_reading' '341 ms'
step ✓ 'index::finds_prefixes' '18 ms'
step ✓ 'index::merges_segments' '96 ms'
step ✓ 'query::plans_joins' '27 ms'
printf '  %s✗%s %-34s %s1204 ms%s\n' "$(c '1;31')" "$(c 0)" 'query::times_out_politely' "$(c 2)" "$(c 0)"
printf '      expected %sErr(Timeout)%s within 1 s, got %sOk(3 rows)%s\n' "$(c 32)" "$(c 0)" "$(c 31)" "$(c 0)"
step ✓ 'server::drains_on_sigterm' '503 ms'
printf '\n%s 346 passed %s %s 1 failed %s %s2 skipped in 21.4 s%s\n\n' "$(c '30;42')" "$(c 0)" "$(c '30;41')" "$(c 0)" "$(c 2)" "$(c 0)"
printf '%s~/orchard%s %son%s %smain%s %s❯%s ' "$(c '1;34')" "$(c 0)" "$(c 2)" "$(c 0)" "$(c 35)" "$(c 0)" "$(c 31)" "$(c 0)"
