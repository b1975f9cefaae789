// Open files of terminals' program side.

#include "core/file/terminal/terminal.h"

namespace litebox {

namespace {

class TerminalFile final : public File {
  public:
    TerminalFile(Ref<Terminal> terminal, Ref<Inode> node, u32 flags)
        : File(flags), terminal_(std::move(terminal)), node_(std::move(node)) {
        terminal_->opens.fetch_add(1);
    }
    ~TerminalFile() override {
        if (terminal_->opens.fetch_sub(1) == 1) {
            terminal_->write_queue.wake(~0u, ~0u);
            closed();
        }
    }
    Result<usize> read(IoCursor& to, u64&) override { return terminal_->read(to, !non_blocking()); }
    Result<usize> write(IoCursor& from, u64&) override { return terminal_->write(from, !non_blocking()); }
    u32 poll(PollTable* table) override { return terminal_->poll(table); }
    Result<u64> ioctl(u32 command, u64 argument) override { return terminal_->ioctl(command, argument); }
    Ref<Inode> inode() override { return node_; }
    Terminal* as_terminal() override { return terminal_.get(); }

  private:
    void closed();
    Ref<Terminal> terminal_;
    Ref<Inode> node_;
};

void TerminalFile::closed() {
    terminal_->read_queue.wake(~0u, ~0u);
}

}  // namespace

Result<Ref<File>> open_terminal(Ref<Terminal> terminal, Ref<Inode> node, u32 flags) {
    Terminal& target = *terminal;
    auto file = TRY(make_ref<TerminalFile>(std::move(terminal), std::move(node), flags));
    if ((flags & open_no_controlling_terminal) == 0) target.become_controlling();
    return Ref<File>(std::move(file));
}

}  // namespace litebox
