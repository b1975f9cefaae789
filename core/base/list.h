// Intrusive doubly linked list: the element carries its node, so that insertion cannot fail.
#pragma once

#include "core/base/types.h"

namespace litebox {

struct ListNode {
    ListNode* previous = nullptr;
    ListNode* next = nullptr;

    [[nodiscard]] bool linked() const { return next != nullptr; }
    void unlink() {
        previous->next = next;
        next->previous = previous;
        previous = next = nullptr;
    }
};

/// `Member` names the node inside T. Not synchronised. Elements are not owned.
template <typename T, ListNode T::*Member>
class List : Pinned {
  public:
    List() { head_.previous = head_.next = &head_; }

    [[nodiscard]] bool empty() const { return head_.next == &head_; }
    T* first() { return empty() ? nullptr : element(head_.next); }
    T* last() { return empty() ? nullptr : element(head_.previous); }
    T* next(T* item) {
        ListNode* node = (item->*Member).next;
        return node == &head_ ? nullptr : element(node);
    }
    void push_back(T* item) { insert(head_.previous, &(item->*Member)); }
    void push_front(T* item) { insert(&head_, &(item->*Member)); }
    void insert_after(T* where, T* item) { insert(&(where->*Member), &(item->*Member)); }
    T* pop_front() {
        T* item = first();
        if (item != nullptr) (item->*Member).unlink();
        return item;
    }
    static void remove(T* item) { (item->*Member).unlink(); }

    /// Range-for; the current element may be removed by the body.
    class Iterator {
      public:
        Iterator(ListNode* node) : node_(node), next_(node->next) {}
        T& operator*() const { return *element(node_); }
        Iterator& operator++() {
            node_ = next_;
            next_ = node_->next;
            return *this;
        }
        bool operator!=(const Iterator& other) const { return node_ != other.node_; }

      private:
        ListNode* node_;
        ListNode* next_;
    };
    Iterator begin() { return Iterator(head_.next); }
    Iterator end() { return Iterator(&head_); }

  private:
    static T* element(ListNode* node) {
        alignas(T) static constexpr char anchor[sizeof(T)] = {};
        const T* base = reinterpret_cast<const T*>(anchor);
        auto offset = reinterpret_cast<const char*>(&(base->*Member)) - anchor;
        return reinterpret_cast<T*>(reinterpret_cast<char*>(node) - offset);
    }
    static void insert(ListNode* where, ListNode* node) {
        node->previous = where;
        node->next = where->next;
        where->next->previous = node;
        where->next = node;
    }
    ListNode head_;
};

}  // namespace litebox
