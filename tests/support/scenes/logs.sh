# Prints what looks like a working day, for pictures of the page.
i=0; while [ $i -lt 60 ]; do i=$((i+1)); printf '\033[2m12:%02d:%02d\033[0m \033[3%dm%-5s\033[0m request id=%d route=/v1/trees took=%dms\n' $((i/4)) $((i*7%60)) $((i%5==0?3:2)) "$([ $((i%5)) = 0 ] && echo WARN || echo INFO)" $((4000+i)) $((i*13%90)); done
