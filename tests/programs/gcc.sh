# gcc: compiles C and C++, static and shared libraries, and runs the result.
# needs: gcc g++ libc6-dev binutils
# timeout: 120

set -eu
d=$(mktemp -d); cd "$d"
cat > a.c <<'END'
#include <math.h>
#include <pthread.h>
#include <stdio.h>
int twice(int);
static void* work(void* p) { *(int*)p = twice(*(int*)p); return 0; }
int main(void) { int x = 21; pthread_t t; pthread_create(&t, 0, work, &x); pthread_join(t, 0); printf("%d %.3f\n", x, sqrt(2)); return x == 42 ? 0 : 1; }
END
echo 'int twice(int x) { return 2 * x; }' > b.c
gcc -O2 -Wall a.c b.c -o dynamic -pthread -lm && ./dynamic; gcc -O0 -static a.c b.c -o static -pthread -lm && ./static
gcc -shared -fPIC b.c -o libb.so && gcc a.c -L. -lb -Wl,-rpath,"$d" -o shared -pthread -lm && ./shared; gcc -static-pie a.c b.c -o spie -pthread -lm && ./spie
cat > c.cpp <<'END'
#include <iostream>
#include <map>
#include <stdexcept>
#include <thread>
#include <vector>
int main() { std::map<int, std::string> m{{1, "one"}, {2, "two"}}; std::vector<std::thread> v; int n[4]{}; for (int i = 0; i < 4; i++) v.emplace_back([&n, i] { n[i] = i; });
  for (auto& t : v) t.join(); try { throw std::runtime_error("thrown"); } catch (std::exception& e) { std::cout << e.what() << ' ' << m.at(2) << ' ' << n[3] << '\n'; } }
END
g++ -std=c++20 -O1 c.cpp -o cpp -pthread && ./cpp; g++ -std=c++20 -static c.cpp -o cpps -pthread && ./cpps
echo 'int main(void) { return x; }' > e.c; gcc e.c 2>/dev/null || echo "an error is an error"; gcc -c b.c && ar rcs libb.a b.o && nm libb.a | grep -c ' T twice'; size b.o | wc -l
cd /; rm -rf "$d"
