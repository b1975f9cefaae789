# make -j: builds a small project in parallel, rebuilds what changed, and stops at an error.
# needs: make gcc libc6-dev
# timeout: 120

set -eu
d=$(mktemp -d); cd "$d"
for i in $(seq 12); do echo "int f$i(int x) { return x + $i; }" > "f$i.c"; done
{ for i in $(seq 12); do echo "int f$i(int);"; done; echo '#include <stdio.h>'; echo 'int main(void) { int s = 0;'; for i in $(seq 12); do echo "s = f$i(s);"; done; echo 'printf("%d\n", s); return 0; }'; } > main.c
cat > Makefile <<'END'
objects := main.o $(patsubst %,f%.o,$(shell seq 12))
program: $(objects) ; @$(CC) -o $@ $^ && echo linked
%.o: %.c ; @$(CC) -O1 -c -o $@ $<
sub: ; @$(MAKE) --no-print-directory -f Makefile program
clean: ; @rm -f *.o program
broken: ; @false
.PHONY: clean broken sub
END
make -j4 program; ./program; make -j4 program | sed 's/make\[[0-9]*\]/make/'; sleep 0.01; echo 'int f3(int x) { return x + 100; }' > f3.c; make -j4 program; ./program
make -s clean; make -j2 sub; make -k -j3 broken 2>/dev/null || echo "status $?"; ls *.o | wc -l
cd /; rm -rf "$d"
