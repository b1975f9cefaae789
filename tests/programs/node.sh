# node: worker threads, child processes, timers, files, sockets, streams, WebAssembly.
# needs: nodejs
# timeout: 120

d=$(mktemp -d); cat > "$d/t.js" <<'END'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (!isMainThread) { let s = 0; for (let i = 0; i < 1e5; i++) s += i * workerData; parentPort.postMessage(s); return; }
const cp = require('child_process'), fs = require('fs'), net = require('net'), path = require('path'), crypto = require('crypto'), zlib = require('zlib'), http = require('http');
const dir = path.dirname(__filename);
const worker = n => new Promise((ok, no) => { const w = new Worker(__filename, { workerData: n }); w.on('message', ok); w.on('error', no); });
(async () => {
  console.log('workers', await Promise.all([1, 2, 3].map(worker)));
  console.log('exec', cp.execFileSync('echo', ['from a child']).toString().trim(), cp.spawnSync('sh', ['-c', 'exit 5']).status);
  const child = cp.spawn('cat'); child.stdin.end('through cat'); let out = ''; for await (const c of child.stdout) out += c; console.log(out);
  const forked = cp.spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => { console.log("term"); process.exit(3) }); console.log("up"); setInterval(() => {}, 1000)']);
  let said = ''; forked.stdout.on('data', b => { said += b; if (said === 'up\n') forked.kill(); }); console.log('signal', await new Promise(ok => forked.on('close', ok)), JSON.stringify(said));
  const server = net.createServer(s => s.on('data', b => s.end(b.toString().toUpperCase()))).listen(0, '127.0.0.1'); await new Promise(ok => server.on('listening', ok));
  const c = net.connect(server.address().port, '127.0.0.1'); c.write('shout'); let answer = ''; for await (const b of c) answer += b; server.close(); console.log('tcp', answer);
  const web = http.createServer((q, r) => r.end('page ' + q.url)).listen(0, '127.0.0.1'); await new Promise(ok => web.on('listening', ok));
  const got = await new Promise(ok => http.get({ host: '127.0.0.1', port: web.address().port, path: '/x', agent: false }, r => { let t = ''; r.on('data', b => t += b); r.on('end', () => ok(t)); })); web.close(); console.log('http', got);
  fs.writeFileSync(dir + '/f', 'x'.repeat(100000)); console.log('fs', (await fs.promises.stat(dir + '/f')).size, fs.readdirSync(dir).sort());
  console.log('crypto', crypto.createHash('sha256').update('x').digest('hex').slice(0, 8), crypto.pbkdf2Sync('a', 'b', 1000, 8, 'sha1').toString('hex'), zlib.gunzipSync(zlib.gzipSync('zipped')).toString());
  const wasm = new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,1,7,1,96,2,127,127,1,127,3,2,1,0,7,7,1,3,97,100,100,0,0,10,9,1,7,0,32,0,32,1,106,11]));
  console.log('wasm', new WebAssembly.Instance(wasm).exports.add(40, 2)); const t0 = Date.now(); await new Promise(ok => setTimeout(ok, 20)); console.log('timer', Date.now() - t0 >= 19);
})();
END
node "$d/t.js"; s=$?; rm -rf "$d"; exit $s
