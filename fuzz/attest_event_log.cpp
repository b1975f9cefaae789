// Event logs of any make: parsed within bounds, replayed, shown. Replay does not depend on texts.
#include "attest/report/report.h"
#include "fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace litebox::attest;
    Result<EventLog> log = parse_event_log({data, size});
    if (!log) return 0;
    (void)shown_as_text(describe_event_log(*log));
    Result<Rtmrs> registers = replay_rtmrs(*log);
    for (LoggedEvent& event : log->events) event.data.clear();
    Result<Rtmrs> without_texts = replay_rtmrs(*log);
    FUZZ_CHECK(registers.ok() == without_texts.ok());
    FUZZ_CHECK(!registers || *registers == *without_texts);
    return 0;
}
