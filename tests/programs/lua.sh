# lua: tables, closures, coroutines, files, pipes.
# needs: lua5.4

exec lua5.4 -e '
local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t) print(t[1], t[500], #t)
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end) print(co(), co(), co())
local name = os.tmpname() local f = assert(io.open(name, "w")) for i = 1, 100 do f:write(i, "\n") end f:close()
local sum = 0 for line in io.lines(name) do sum = sum + tonumber(line) end print(sum) os.remove(name) print(io.open(name))
local p = io.popen("echo from a pipe; exit 3") print(p:read("a")) print(p:close()) print(os.execute("exit 4"))
print(("hello"):rep(3, "-"), ("x=1,y=2"):gsub("(%w)=(%w)", "%2=%1")) print(pcall(error, "caught")) print(string.format("%.3f %5d %q", 3.14159, 42, "a\nb")) print(os.getenv("NOTHING"), 7 // 2, 2^53 | 0)'  2>&1 | sed 's|/tmp/lua_[A-Za-z0-9]*|TMP|'
