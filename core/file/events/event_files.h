// eventfd(2), timerfd_create(2), signalfd(2).
#pragma once

#include "core/file/file.h"
#include "core/task/signal.h"
#include "core/task/timers.h"

namespace litebox {

Result<Ref<File>> open_event_counter(u64 initial, bool semaphore, u32 flags);
Result<Ref<File>> open_signal_file(SignalSet signals, u32 flags);
/// EINVAL when it is not a signal file.
Result<void> set_signal_file(File& file, SignalSet signals);

Result<Ref<File>> open_timer_file(int clock, u32 flags);
/// EINVAL when it is not a timer file. Returns the old setting.
Result<TimerSetting> set_timer_file(File& file, TimerSetting setting, bool absolute, bool cancel_on_set);
Result<TimerSetting> get_timer_file(File& file);

}  // namespace litebox
