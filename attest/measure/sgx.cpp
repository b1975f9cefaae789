#include "attest/measure/sgx.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "attest/base/encode.h"
#include "attest/measure/elf.h"
#include "attest/measure/firmware.h"

namespace litebox::attest::measure {

namespace {

constexpr size_t record_size = 64, chunk_size = 256;
constexpr uint64_t flag_read = 1, flag_write = 2, flag_execute = 4, type_tcs = 1 << 8, type_regular = 2 << 8;
constexpr uint64_t maximum_enclave = uint64_t{1} << 40;

class Sha256 {
  public:
    Sha256() : context_(EVP_MD_CTX_new()) {
        good_ = context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
    }
    void update(ByteView bytes) {
        good_ = good_ && EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1;
    }
    Result<Field<32>> finish() {
        Field<32> digest{};
        unsigned size = 0;
        if (!good_ || EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1 || size != digest.size())
            return Error{"OpenSSL could not compute SHA-256"};
        return digest;
    }

  private:
    struct Deleter {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Deleter> context_;
    bool good_ = false;
};

/// Checks a stream's records one by one, in order.
class SgxsReader {
  public:
    explicit SgxsReader(ByteView stream) : reader_(stream) {}

    Result<EnclaveSummary> run() {
        if (auto done = create(); !done) return done.error();
        while (reader_.remaining())
            if (auto done = next(); !done)
                return Error{done.error().message + ", in the record at byte " + std::to_string(at_)};
        summary_.mr_enclave = ATTEST_TRY(hash_.finish());
        return summary_;
    }

  private:
    /// TCS, regular, and the two kinds of shadow-stack pages.
    static bool addable(uint64_t type) {
        return type == type_tcs || type == type_regular || type == 5 << 8 || type == 6 << 8;
    }
    static std::string_view tag(ByteView record) { return as_text(record.first(8)); }

    Result<void> create() {
        ByteView record = reader_.take(record_size);
        if (reader_.failed() || tag(record) != std::string_view("ECREATE\0", 8))
            return Error{"not an SGXS stream: it does not begin with ECREATE"};
        summary_.ssa_frame_pages = load32(&record[8]);
        summary_.size = load64(&record[12]);
        if (!all_zero(record.subspan(20))) return Error{"ECREATE with bytes set where none may be"};
        if (summary_.size < 2 * page_size || summary_.size > maximum_enclave ||
            (summary_.size & (summary_.size - 1)))
            return Error{"the enclave's size is not a power of two between 8 KiB and 1 TiB"};
        hash_.update(record);
        return {};
    }

    Result<void> next() {
        at_ = reader_.offset();
        ByteView record = reader_.take(record_size);
        if (reader_.failed()) return Error{"the stream is cut off"};
        uint64_t offset = load64(&record[8]);
        if (offset >= summary_.size) return Error{"an offset outside the enclave"};
        if (tag(record) == std::string_view("EADD\0\0\0\0", 8)) return add(record, offset);
        bool measured = tag(record) == std::string_view("EEXTEND\0", 8);
        if (!measured && tag(record) != "UNMEASRD") return Error{"an unknown record"};
        return extend(record, offset, measured);
    }

    Result<void> add(ByteView record, uint64_t offset) {
        if (offset % page_size || !pages_.insert(offset).second)
            return Error{"EADD of no page, or of one added before"};
        // SECINFO: flags, then 40 bytes of zeros.
        uint64_t flags = load64(&record[16]);
        if (!all_zero(record.subspan(24)) || flags & ~uint64_t{0xFF07} || !addable(flags & 0xFF00))
            return Error{"EADD with flags that none may have"};
        summary_.threads += (flags & 0xFF00) == type_tcs;
        summary_.pages++;
        hash_.update(record);
        return {};
    }

    Result<void> extend(ByteView record, uint64_t offset, bool measured) {
        if (offset % chunk_size || !pages_.contains(offset / page_size * page_size))
            return Error{"contents of a page that was not added"};
        if (!all_zero(record.subspan(16))) return Error{"contents with bytes set where none may be"};
        ByteView contents = reader_.take(chunk_size);
        if (reader_.failed()) return Error{"the stream is cut off"};
        (measured ? summary_.measured_chunks : summary_.unmeasured_chunks)++;
        if (!measured) return {};
        hash_.update(record);
        hash_.update(contents);
        return {};
    }

    Reader reader_;
    Sha256 hash_;
    EnclaveSummary summary_;
    std::unordered_set<uint64_t> pages_;
    size_t at_ = 0;
};

/// Builds an enclave: the same records, produced.
class EnclaveBuilder {
  public:
    EnclaveBuilder(const EnclaveLayout& layout, const std::function<void(ByteView)>& sink)
        : layout_(layout), sink_(sink) {}

    void create(uint64_t size) {
        summary_.size = size;
        summary_.ssa_frame_pages = layout_.ssa_frame_pages;
        Bytes record(record_size);
        put(record, 0, as_bytes("ECREATE"));
        put_number(record, 8, layout_.ssa_frame_pages, 4);
        put_number(record, 12, size, 8);
        emit(record);
    }

    void page(uint64_t offset, uint64_t flags, ByteView contents) {
        Bytes record(record_size);
        put(record, 0, as_bytes("EADD"));
        put_number(record, 8, offset, 8);
        put_number(record, 16, flags, 8);
        emit(record);
        Bytes whole = to_bytes(contents);
        whole.resize(page_size);
        for (size_t at = 0; at < page_size; at += chunk_size) {
            Bytes extend(record_size);
            put(extend, 0, as_bytes("EEXTEND"));
            put_number(extend, 8, offset + at, 8);
            emit(extend);
            emit(ByteView(whole).subspan(at, chunk_size));
            summary_.measured_chunks++;
        }
        summary_.pages++;
    }

    void zeros(uint64_t& offset, uint64_t pages) {
        for (uint64_t i = 0; i < pages; i++, offset += page_size)
            page(offset, type_regular | flag_read | flag_write, {});
    }

    void thread(uint64_t& offset, uint64_t entry) {
        zeros(offset, layout_.stack_pages);
        uint64_t frames = offset;
        zeros(offset, uint64_t{layout_.ssa_frames} * layout_.ssa_frame_pages);
        uint64_t data = offset;
        zeros(offset, 1);
        Bytes tcs(page_size);
        put_number(tcs, 16, frames, 8);
        put_number(tcs, 28, layout_.ssa_frames, 4);
        put_number(tcs, 32, entry, 8);
        put_number(tcs, 48, data, 8);
        put_number(tcs, 56, data, 8);
        put_number(tcs, 64, page_size - 1, 4);
        put_number(tcs, 68, page_size - 1, 4);
        page(offset, type_tcs, tcs);
        offset += page_size;
        summary_.threads++;
    }

    Result<EnclaveSummary> finish() {
        summary_.mr_enclave = ATTEST_TRY(hash_.finish());
        return summary_;
    }

  private:
    void emit(ByteView bytes) {
        hash_.update(bytes);
        if (sink_) sink_(bytes);
    }

    const EnclaveLayout& layout_;
    const std::function<void(ByteView)>& sink_;
    Sha256 hash_;
    EnclaveSummary summary_;
};

/// The segments in ascending order, page-aligned and apart; and where the first page behind them is.
Result<uint64_t> check_segments(std::vector<ElfSegment>& segments) {
    std::ranges::sort(segments, {}, &ElfSegment::virtual_address);
    uint64_t end = 0;
    for (const ElfSegment& segment : segments) {
        if (segment.virtual_address % page_size || segment.virtual_address < end)
            return Error{
                "the image's segments are not at whole pages apart from each other: link with -z "
                "separate-code"};
        end = (segment.virtual_address + segment.memory_size + page_size - 1) / page_size * page_size;
        if (end > maximum_enclave / 2)
            return Error{"the image's addresses do not begin near 0: link it position-independent"};
    }
    return end;
}

Result<uint64_t> enclave_size(const EnclaveLayout& layout, uint64_t image_end) {
    if (layout.threads < 1 || layout.threads > 1024 || layout.stack_pages > 65536 || layout.ssa_frames < 1 ||
        layout.ssa_frames > 16 || layout.ssa_frame_pages < 1 || layout.ssa_frame_pages > 16 ||
        layout.heap_pages > 262144)
        return Error{
            "threads must be 1 to 1024, SSA frames and their pages 1 to 16, stacks at most 256 MiB, the heap "
            "1 GiB"};
    uint64_t thread_pages = layout.stack_pages + uint64_t{layout.ssa_frames} * layout.ssa_frame_pages + 2;
    uint64_t pages = layout.threads * thread_pages + layout.heap_pages;
    if (pages > 1048576) return Error{"an enclave with more than 4 GiB of stacks and heap"};
    uint64_t size = 2 * page_size;
    while (size < image_end + pages * page_size) size *= 2;
    return size;
}

}  // namespace

Result<EnclaveSummary> measure_sgxs(ByteView stream) {
    return SgxsReader(stream).run();
}

Result<EnclaveSummary> measure_enclave(ByteView elf, const EnclaveLayout& layout,
                                       const std::function<void(ByteView)>& sink) {
    auto image = ATTEST_TRY(parse_elf(elf));
    uint64_t offset = ATTEST_TRY(check_segments(image.segments));
    EnclaveBuilder builder(layout, sink);
    builder.create(ATTEST_TRY(enclave_size(layout, offset)));
    for (const ElfSegment& segment : image.segments) {
        uint64_t flags = type_regular | (segment.readable ? flag_read : 0) |
                         (segment.writable ? flag_write : 0) | (segment.executable ? flag_execute : 0);
        for (uint64_t at = 0; at < segment.memory_size; at += page_size) {
            size_t from = std::min<uint64_t>(at, segment.contents.size());
            size_t count = std::min<size_t>(page_size, segment.contents.size() - from);
            builder.page(segment.virtual_address + at, flags, segment.contents.subspan(from, count));
        }
    }
    for (uint32_t i = 0; i < layout.threads; i++) builder.thread(offset, image.entry);
    builder.zeros(offset, layout.heap_pages);
    return builder.finish();
}

}  // namespace litebox::attest::measure
