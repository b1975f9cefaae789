#include "attest/broker/connections.h"

#include <gtest/gtest.h>

#include <vector>

namespace litebox::attest::broker {
namespace {

struct Harness {
    Connections connections;
    std::vector<int> closed;
    std::vector<Connections::Ticket> tickets;

    Harness(size_t limit, size_t per_address) : connections(limit, per_address) {}
    bool admit(const std::string& address) {
        int number = static_cast<int>(tickets.size());
        auto ticket = connections.admit(address, [this, number] { closed.push_back(number); });
        if (ticket) tickets.push_back(*ticket);
        return ticket.has_value();
    }
};

TEST(ConnectionsTest, WhoNeverAskedGivesWayFirstOldestFirst) {
    Harness h(3, 10);
    EXPECT_TRUE(h.admit("a") && h.admit("b") && h.admit("c"));
    h.connections.answered(h.tickets[0]);
    EXPECT_TRUE(h.admit("d"));
    EXPECT_TRUE(h.admit("e"));
    EXPECT_EQ(h.closed, (std::vector<int>{1, 2}));
}

TEST(ConnectionsTest, ThenWhoHasBeenIdleLongest) {
    Harness h(2, 10);
    EXPECT_TRUE(h.admit("a") && h.admit("b"));
    for (int i : {0, 1, 0}) h.connections.answered(h.tickets[static_cast<size_t>(i)]);
    EXPECT_TRUE(h.admit("c"));
    EXPECT_EQ(h.closed, (std::vector<int>{1}));
}

TEST(ConnectionsTest, NeverOneWhoseRequestIsWorkedOn) {
    Harness h(2, 10);
    EXPECT_TRUE(h.admit("a") && h.admit("b"));
    h.connections.at_work(h.tickets[0]);
    h.connections.at_work(h.tickets[1]);
    EXPECT_FALSE(h.admit("c"));
    EXPECT_TRUE(h.closed.empty());
    h.connections.remove(h.tickets[0]);
    EXPECT_TRUE(h.admit("c"));
}

TEST(ConnectionsTest, AnAddressAtItsLimitPushesOutItsOwn) {
    Harness h(10, 2);
    EXPECT_TRUE(h.admit("good") && h.admit("bad") && h.admit("bad"));
    EXPECT_TRUE(h.admit("bad"));
    EXPECT_EQ(h.closed, (std::vector<int>{1}));
}

TEST(ConnectionsTest, NoneIsClosedTwiceAndAllAreCounted) {
    Harness h(1, 10);
    EXPECT_TRUE(h.admit("a"));
    EXPECT_TRUE(h.admit("b"));
    EXPECT_TRUE(h.admit("c"));
    EXPECT_EQ(h.closed, (std::vector<int>{0, 1}));
    for (auto ticket : h.tickets) h.connections.remove(ticket);
    EXPECT_EQ(h.connections.size(), 0u);
}

}  // namespace
}  // namespace litebox::attest::broker
