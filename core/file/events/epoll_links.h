// Which epolls watch a file: kept in the file, so that its end takes it out of them.
#pragma once

#include "core/file/events/epoll.h"

namespace litebox {

Result<void> link_epoll(File& file, Epoll& epoll);
void unlink_epoll(File& file, Epoll& epoll);

}  // namespace litebox
