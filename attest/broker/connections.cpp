#include "attest/broker/connections.h"

namespace litebox::attest::broker {

/// Of the address, where one is given. The victim still counts until it has gone, but is not chosen twice.
Connections::Close Connections::choose_victim(const std::string* address) {
    for (std::list<Entry>* list : {&fresh_, &known_}) {
        for (Entry& entry : *list) {
            if (!entry.close || entry.at_work || (address && entry.address != *address)) continue;
            return std::exchange(entry.close, {});
        }
    }
    return {};
}

std::optional<Connections::Ticket> Connections::admit(const std::string& address, Close close) {
    Close victim;
    std::optional<Ticket> ticket;
    {
        std::lock_guard lock(mutex_);
        auto count = per_address_.find(address);
        bool address_full = count != per_address_.end() && count->second >= limit_per_address_;
        bool full = address_full || fresh_.size() + known_.size() >= limit_;
        // An address that is at its limit may not push others out.
        if (full) victim = choose_victim(address_full ? &address : nullptr);
        if (!full || victim) {
            per_address_[address]++;
            ticket = fresh_.insert(fresh_.end(), Entry{.address = address, .close = std::move(close)});
        }
    }
    if (victim) victim();
    return ticket;
}

void Connections::at_work(Ticket ticket) {
    std::lock_guard lock(mutex_);
    ticket->at_work = true;
}

void Connections::answered(Ticket ticket) {
    std::lock_guard lock(mutex_);
    known_.splice(known_.end(), ticket->is_new ? fresh_ : known_, ticket);
    ticket->is_new = ticket->at_work = false;
}

void Connections::remove(Ticket ticket) {
    std::lock_guard lock(mutex_);
    auto count = per_address_.find(ticket->address);
    if (--count->second == 0) per_address_.erase(count);
    (ticket->is_new ? fresh_ : known_).erase(ticket);
}

size_t Connections::size() const {
    std::lock_guard lock(mutex_);
    return fresh_.size() + known_.size();
}

}  // namespace litebox::attest::broker
