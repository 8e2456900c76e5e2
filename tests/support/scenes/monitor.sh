# Prints what looks like a working day, for pictures of the page.
printf '\033[2J\033[H'
i=0; while [ $i -lt 6 ]; do i=$((i+1)); printf ' %d\033[36m[\033[32m%s\033[90m%s\033[36m]\033[0m %d%%\n' $i "$(printf '%*s' $((i*5%26)) '' | tr ' ' '|')" "$(printf '%*s' $((26-i*5%26)) '')" $((i*17%99)); done
printf '\n\033[30;42m  PID USER       CPU%%  MEM%%  COMMAND                      \033[0m\n'
i=0; while [ $i -lt 9 ]; do i=$((i+1)); printf '%5d ann      %5d  %4d   orchard-server --shard %d\n' $((900+i*37)) $((i*11%70)) $((i*3%12)) $i; done
