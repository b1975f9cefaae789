#include "supervisor/opener_start.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "supervisor/supervisor.h"
#include "supervisor/usage.h"

namespace litebox::supervisor {

namespace {

void end_child(const OpenerPlan& plan) {
    kill(plan.child, SIGKILL);
    waitpid(plan.child, nullptr, 0);
}

}  // namespace

void drop_unused_opener() {
    if (const OpenerPlan* plan = take_early_child()) end_child(*plan);
}

OpenerStart::OpenerStart() : plan_(take_opener_child()) {
    if (plan_ == nullptr) throw std::system_error(errno, std::generic_category(), "making the opener");
    socket_ = Descriptor(plan_->supervisor_end);
}

OpenerStart::~OpenerStart() {
    if (!finished_) end_child(*plan_);
    munmap(plan_, opener_plan_room);
}

void* OpenerStart::room_for(size_t bytes) {
    constexpr size_t alignment = alignof(std::max_align_t);
    size_t at = (used_ + alignment - 1) / alignment * alignment;
    if (bytes > opener_plan_room - at)
        throw std::runtime_error("too many directories are granted: grant one above them");
    used_ = at + bytes;
    return reinterpret_cast<char*>(plan_) + at;
}

const char* OpenerStart::copy(const std::string& text) {
    return static_cast<const char*>(memcpy(room_for(text.size() + 1), text.c_str(), text.size() + 1));
}

void OpenerStart::plan(const RunOptions& options, const std::vector<GrantRoot>& roots,
                       const std::vector<FileLanes::Covered>& covered, uint64_t tasks) {
    const std::string base = std::string(root_under_construction) + "/";
    auto* grants = static_cast<PlannedGrant*>(room_for(options.grants.size() * sizeof(PlannedGrant)));
    for (size_t i = 0; i < options.grants.size(); i++) {
        const Grant& grant = options.grants[i];
        const uint32_t mode = roots[i].attributes.mode;
        granted_.push_back(grant.host);
        if (grant.kind == Grant::Kind::temporary || S_ISLNK(mode))
            grants[i] = {};
        else
            grants[i] = {copy(grant.host), copy(base + std::to_string(i)), S_ISDIR(mode),
                         grant.kind == Grant::Kind::read_only, -1};
    }
    plan_->tasks = tasks;
    plan_->grants = grants;
    plan_->grant_count = options.grants.size();
    plan_->covered = static_cast<const char**>(room_for(covered.size() * sizeof(const char*)));
    plan_->covered_count = covered.size();
    for (size_t i = 0; i < covered.size(); i++) {
        covered_.push_back(covered[i].place);
        plan_->covered[i] = copy(base + std::to_string(covered[i].grant) + "/" + covered[i].place);
    }
}

/// False: it is not waiting, or not any more.
bool OpenerStart::release(int flags) {
    if (released_) return true;
    char byte;
    if (recv(socket_.get(), &byte, 1, flags) != 1) return false;
    byte = !plan_->is_root || write_identity_maps(plan_->child) ? go_on : give_up;
    released_ = true;
    return send(socket_.get(), &byte, 1, MSG_NOSIGNAL) == 1;
}

void OpenerStart::release_if_waiting() {
    (void)release(MSG_DONTWAIT);
}

std::string OpenerStart::finish(const int (&descriptors)[handed_over]) {
    Handover handover;
    for (size_t i = 0; i < handed_over; i++) handover.descriptors()[i] = descriptors[i];
    bool good = release(0) && sendmsg(socket_.get(), handover.message(), MSG_NOSIGNAL) == 1;
    // Ends when the image is started, which closes the child's end of the socket, or the child is gone.
    char byte;
    if (good && read(socket_.get(), &byte, 1) == 0 && plan_->failed == OpenerStep::none) finished_ = true;
    return finished_ ? "" : failure();
}

std::string OpenerStart::failure() const {
    auto because = [this](const std::string& what) { return what + ": " + strerror(plan_->error); };
    switch (plan_->failed) {
        case OpenerStep::none:
            return "the process that serves files ended before it began";
        case OpenerStep::dropping_root:
            return because(
                "giving up root for an identity of this run (root of a user namespace with few ids cannot; "
                "run it as an ordinary user)");
        case OpenerStep::namespaces:
            return because(
                "namespaces are not to be had; `litebox doctor` says what this host offers and how to get "
                "the rest");
        case OpenerStep::identity_maps:
            return "the identity maps could not be written";
        case OpenerStep::granting:
            return because("granting " + granted_.at(plan_->item));
        case OpenerStep::root:
            return because("a root for the grants");
        case OpenerStep::placing:
            return because("placing " + granted_.at(plan_->item));
        case OpenerStep::covering:
            return because("covering " + covered_.at(plan_->item));
        case OpenerStep::changing_root:
            return because("changing the root");
        case OpenerStep::capabilities:
            return because("giving up capabilities");
        case OpenerStep::image:
            return because("starting the sandbox image");
    }
    return "the process that serves files broke off";
}

}  // namespace litebox::supervisor
