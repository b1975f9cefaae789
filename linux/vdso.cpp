#include "linux/vdso.h"

namespace litebox {

Result<u64> map_vdso(AddressSpace&) {
    return u64{0};
}

}  // namespace litebox
