// QEMU's command line, and the places that it names in the monitor's small root.
#pragma once

#include <string>
#include <vector>

namespace litebox::supervisor {

struct MonitorPlan;

inline constexpr char monitor_program[] = "/qemu", monitor_libraries[] = "/lib",
                      monitor_modules[] = "/modules", monitor_firmware[] = "/firmware/qboot.rom",
                      monitor_kernel[] = "/kernel", monitor_parameters[] = "/parameters",
                      monitor_export[] = "/export";
/// The monitor's end of the control port; its log is its standard output.
inline constexpr int monitor_control = 3, monitor_image = 4, monitor_scratch = 5;

std::vector<std::string> monitor_command(const MonitorPlan& plan, bool kvm);
std::vector<std::string> monitor_environment();

}  // namespace litebox::supervisor
