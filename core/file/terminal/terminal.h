// A terminal: line discipline, settings, size, and whose controlling terminal it is. What lies behind it (the
// master of a pseudo-terminal, or the invoker's terminal) is its driver.
#pragma once

#include "core/file/file.h"
#include "core/file/terminal/termios.h"
#include "core/task/process.h"

namespace litebox {

struct AbiWindowSize {
    u16 rows = 0, columns = 0, x_pixels = 0, y_pixels = 0;
};

/// What the master of a pseudo-terminal in packet mode is told (TIOCPKT, ioctl_tty(2)).
enum PacketStatus : u8 {
    packet_flush_read = 1,
    packet_flush_write = 2,
    packet_stop = 4,
    packet_start = 8,
    packet_no_stop = 16,
    packet_do_stop = 32
};

class Terminal : public RefCounted<Terminal> {
  public:
    explicit Terminal(u32 number);
    virtual ~Terminal();

    // The program's side.
    Result<usize> read(IoCursor& to, bool wait);
    Result<usize> write(IoCursor& from, bool wait);
    u32 poll(PollTable* table);
    Result<u64> ioctl(u32 command, u64 argument);
    /// Makes it the controlling terminal of the caller's session if that leads and has none.
    void become_controlling();

    /// Bytes typed by a person or written to the master. Takes fewer when the line is full.
    usize type(std::span<const u8> bytes);
    /// The other side is gone: reads end, writes fail with EIO, the session gets SIGHUP.
    void hang_up();
    /// A new size; the foreground group gets SIGWINCH if it differs.
    void set_size(const AbiWindowSize& size);
    AbiWindowSize size();
    Termios settings();
    Result<void> set_settings(const Termios& settings, bool flush_input);

    const u32 number;  // of the pts, or console_number
    static constexpr u32 console_number = ~u32{0};
    std::atomic<u32> opens{0};  // program-side files
    WaitQueue read_queue, write_queue;

  protected:
    /// Sends bytes to the other side; how many it took. Called without locks.
    virtual usize send(std::span<const u8> bytes) = 0;
    virtual bool can_send() = 0;
    /// Called after the settings changed, without locks.
    virtual void settings_changed(const Termios&) {}
    /// Before a read waits: the driver may fetch input now. Returns false when it has hung up for good.
    virtual Result<void> want_input(bool) { return {}; }
    /// The other side does the output processing itself.
    virtual bool processes_output() { return false; }
    virtual void tell_packet(u8) {}  // PacketStatus bits; called without locks
    virtual void flush_output() {}   // what the other side has not taken yet
    virtual void drained() {}        // input was taken: there is room again
    [[nodiscard]] bool hung_up() const { return hung_up_.load(); }
    [[nodiscard]] usize input_room();
    /// Lines that were edited and echoed on the other side.
    void type_cooked(std::span<const u8> bytes);
    void end_of_file();  // the driver's input ended: one read returns 0

  private:
    friend class TerminalInput;
    static constexpr usize line_limit = 4095;
    struct Effects {  // what typing caused, done without the lock
        u8 echo[64];
        usize echo_length = 0;
        int signal = 0;
        bool wake = false, resumed = false;  // there is input; output goes on
        bool reprint = false;
        u8 packet = 0;  // PacketStatus bits
    };
    void reprint_line();
    void type_one(u8 byte, Effects& effects);
    void type_canonical(u8 byte, Effects& effects);
    bool type_signal(u8 byte, Effects& effects);
    void echo_byte(u8 byte, Effects& effects);
    void erase_one(Effects& effects);
    void append(u8 byte);
    bool pull_back();  // removes the last byte of the unfinished line
    void apply(const Effects& effects);
    usize ready_bytes() const;
    Result<void> check_background(int signal);
    Result<u64> session_ioctl(u32 command, u64 argument);
    void flush(u64 queues);
    void signal_foreground(int signal);
    usize process(u8 byte, u8 (&out)[8]);

    Mutex mutex_{LockRank::terminal};
    Termios settings_ = default_termios;
    AbiWindowSize size_;
    Vector<u8> buffer_;     // read_..buffer_.size(); bytes before `line_` are readable
    Vector<u8> line_ends_;  // per byte of buffer_: 1 ends a line, 2 ends it by EOF and is not read itself
    usize read_ = 0, line_ = 0;
    bool literal_ = false, stopped_ = false, file_ended_ = false;
    u32 column_ = 0;
    std::atomic<bool> hung_up_{false}, exclusive_{false};
    i32 session_ = 0;  // whose controlling terminal it is
};

/// An open file of the program's side.
Result<Ref<File>> open_terminal(Ref<Terminal> terminal, Ref<Inode> node, u32 flags);

/// /dev/tty, /dev/console, ptmx and the slaves; and the file system at /dev/pts.
Result<void> register_terminals();
Result<Ref<FileSystem>> make_pts_file_system();
/// The invoker's terminal; null when no stream is one.
Terminal* console();
Result<void> make_console();
/// News from the host: input, a size, a signal.
void console_input_ready();
void console_signal(int signal);

}  // namespace litebox
