// The thread that calls the core back when its next timer is due.
#pragma once

namespace litebox::vm {

void start_alarm();

}  // namespace litebox::vm
