// Where functions begin and end, from the search table that linkers put beside the unwind data
// (PT_GNU_EH_FRAME).
#pragma once

#include "core/base/types.h"

namespace litebox::process {

/// Reads guest memory; finds nothing in an image without such a table or with one that makes no sense.
class FunctionTable {
  public:
    /// `image`: where the file's ELF header lies.
    explicit FunctionTable(u64 image);
    /// Leaves both 0 when the function is not known.
    void find(u64 address, u64* begin, u64* end) const;

  private:
    [[nodiscard]] bool read_entry(u64 index, u64* function, u64* description) const;
    u64 header_ = 0;  // address of .eh_frame_hdr
    u64 table_ = 0;
    u64 count_ = 0;
};

}  // namespace litebox::process
