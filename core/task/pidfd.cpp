#include "core/task/pidfd.h"

namespace litebox {

namespace {

class PidFile final : public File {
  public:
    PidFile(Process& process, u32 flags) : File(flags | open_read_write), process_(&process) {}

    u32 poll(PollTable* table) override {
        if (table != nullptr) table->add(process_->exit_event);
        return process_->zombie ? u32{poll_in} | poll_read_normal : 0;
    }
    Result<String> describe() override { return String::from("anon_inode:[pidfd]"sv); }
    void describe_info(TextBuilder& text) override {
        text.text("Pid:\t"sv).decimal(process_->zombie ? -1 : process_->pid);
        text.text("\nNSpid:\t"sv).decimal(process_->zombie ? -1 : process_->pid).character('\n');
    }
    Process* as_process() override { return process_.get(); }

  private:
    Ref<Process> process_;
};

}  // namespace

Result<Ref<File>> open_pidfd(Process& process, u32 flags) {
    return Ref<File>(TRY(make_ref<PidFile>(process, flags)));
}

Result<Ref<Process>> pidfd_process(File& file) {
    Process* process = file.as_process();
    if (process == nullptr) return Errno::ebadf;
    return Ref<Process>(process);
}

}  // namespace litebox
