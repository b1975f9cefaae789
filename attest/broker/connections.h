// Which connections there are, and which of them gives way when there are too many.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace litebox::attest::broker {

/// Thread-safe. When the limit is reached, one gives way to the next to come: the oldest that never had an
/// answer, else the one that has been idle longest, never one whose request is being worked on. So whoever
/// opens connections and stalls loses them first.
class Connections {
  public:
    using Close =
        std::function<void()>;  // may be called from any thread, also after the connection's own end
    struct Entry {
        std::string address;
        Close close;
        bool is_new = true, at_work = false;
    };
    using Ticket = std::list<Entry>::iterator;

    Connections(size_t limit, size_t limit_per_address)
        : limit_(limit), limit_per_address_(limit_per_address) {}

    /// Nothing: every connection (every one of this address, where its own limit is reached) is at work.
    std::optional<Ticket> admit(const std::string& address, Close close);
    void at_work(Ticket ticket);
    void answered(Ticket ticket);
    void remove(Ticket ticket);
    size_t size() const;

  private:
    Close choose_victim(const std::string* address);

    const size_t limit_, limit_per_address_;
    mutable std::mutex mutex_;
    std::list<Entry> fresh_, known_;             // under mutex_; by age, by last answer; oldest first
    std::map<std::string, size_t> per_address_;  // under mutex_
};

}  // namespace litebox::attest::broker
