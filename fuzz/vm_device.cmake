# The VM platform's devices: what a hostile monitor writes into the used ring, what a hostile 9P server answers, and what comes in
# by the rings of network and vsock.
litebox_fuzzer(vm_used_ring SOURCES vm_used_ring.cpp LIBRARIES vm_device_tests OPTIONS -max_len=512)
litebox_fuzzer(vm_packets SOURCES vm_packets.cpp LIBRARIES vm_device_tests OPTIONS -max_len=1024)
litebox_fuzzer(vm_nine_p SOURCES vm_nine_p.cpp LIBRARIES vm_device_tests OPTIONS -max_len=2048 -len_control=20)
