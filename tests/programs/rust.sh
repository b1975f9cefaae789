# Rust: a program built by Debian's compiler: threads, channels, files, processes, sockets, panics.
# needs: rustc
# timeout: 240

set -eu
d=$(mktemp -d); cd "$d"
cat > m.rs <<'END'
use std::{collections::HashMap, fs, io::{Read, Write}, net::{TcpListener, TcpStream}, process::{Command, Stdio}, sync::{mpsc, Arc, Mutex}, thread, time::Duration};
fn main() -> std::io::Result<()> {
    let counts = Arc::new(Mutex::new(HashMap::new()));
    let threads: Vec<_> = (0..8).map(|i| { let counts = counts.clone(); thread::spawn(move || for j in 0..500 { *counts.lock().unwrap().entry((i + j) % 10).or_insert(0) += 1; }) }).collect();
    for t in threads { t.join().unwrap(); }
    println!("threads {}", counts.lock().unwrap().values().sum::<i32>());
    let (send, receive) = mpsc::channel(); thread::spawn(move || for i in 0..100 { send.send(i).unwrap(); }); println!("channel {}", receive.iter().sum::<i32>());
    let name = std::env::temp_dir().join(format!("rust-{}", std::process::id())); fs::write(&name, "x".repeat(5000))?; println!("file {}", fs::metadata(&name)?.len()); fs::remove_file(&name)?; println!("gone {:?}", fs::read(&name).unwrap_err().kind());
    let out = Command::new("sh").args(["-c", "echo child; exit 3"]).output()?; println!("exec {:?} {:?}", String::from_utf8_lossy(&out.stdout), out.status.code());
    let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?; cat.stdin.take().unwrap().write_all(b"through cat")?; println!("pipe {}", String::from_utf8(cat.wait_with_output()?.stdout).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0")?; let address = listener.local_addr()?; let server = thread::spawn(move || { let (mut s, _) = listener.accept().unwrap(); let mut b = [0; 5]; s.read_exact(&mut b).unwrap(); b.reverse(); s.write_all(&b).unwrap(); });
    let mut s = TcpStream::connect(address)?; s.write_all(b"hello")?; let mut t = String::new(); s.read_to_string(&mut t)?; server.join().unwrap(); println!("tcp {t}");
    println!("panic {}", thread::spawn(|| { thread::sleep(Duration::from_millis(1)); panic!("on purpose") }).join().is_err()); Ok(())
}
END
rustc -O -C codegen-units=1 m.rs 2>/dev/null; ./m 2>/dev/null; cd /; rm -rf "$d"
