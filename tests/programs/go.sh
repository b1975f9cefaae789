# Go: a program built by Debian's compiler: goroutines, channels, files, processes, sockets, signals, the race of preemption.
# needs: golang-go
# timeout: 240

set -eu
d=$(mktemp -d); cd "$d"; export GOCACHE=$d/cache GOPATH=$d/go GO111MODULE=off GOFLAGS=-p=2 HOME=$d CGO_ENABLED=0
cat > m.go <<'END'
package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var wg sync.WaitGroup
	sums := make(chan int, 100)
	for i := 0; i < 100; i++ {
		wg.Add(1)
		go func(n int) { defer wg.Done(); s := 0; for j := 0; j < 20000; j++ { s += j % (n + 1) }; sums <- s }(i)
	}
	wg.Wait(); close(sums); total := 0
	for s := range sums { total += s }
	fmt.Println("goroutines", total)
	spin := make(chan bool); go func() { for { select { case <-spin: return; default: } } }()
	time.Sleep(10 * time.Millisecond); close(spin)
	dir, err := os.MkdirTemp("", "go"); must(err); defer os.RemoveAll(dir)
	must(os.WriteFile(filepath.Join(dir, "f"), []byte(strings.Repeat("line\n", 1000)), 0o644))
	f, err := os.Open(filepath.Join(dir, "f")); must(err); n := 0
	for s := bufio.NewScanner(f); s.Scan(); { n++ }
	fmt.Println("lines", n)
	out, err := exec.Command("sh", "-c", "echo child; exit 3").CombinedOutput(); fmt.Printf("exec %q %v\n", out, err)
	l, err := net.Listen("tcp", "127.0.0.1:0"); must(err)
	go func() { c, _ := l.Accept(); io.Copy(c, io.LimitReader(c, 5)); c.Close() }()
	c, err := net.Dial("tcp", l.Addr().String()); must(err); c.Write([]byte("hello")); b, _ := io.ReadAll(c); fmt.Println("tcp", string(b))
	w, err := net.Listen("tcp", "127.0.0.1:0"); must(err)
	go http.Serve(w, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page ", r.URL.Path) }))
	r, err := http.Get("http://" + w.Addr().String() + "/x"); must(err); b, _ = io.ReadAll(r.Body); fmt.Println("http", string(b))
	sig := make(chan os.Signal, 1); signal.Notify(sig, syscall.SIGUSR1); syscall.Kill(os.Getpid(), syscall.SIGUSR1); fmt.Println("signal", <-sig)
	func() { defer func() { fmt.Println("recovered", recover() != nil) }(); var p *int; *p = 1 }()
	for i := 0; i < 20; i++ { _ = make([]byte, 1<<20) }
	runtime.GC(); fmt.Printf("sha %x\n", sha256.Sum256([]byte("x")))
}
END
gofmt -l m.go >/dev/null; go build -o m m.go; ./m
