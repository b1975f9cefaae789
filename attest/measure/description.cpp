// Reading measure.toml: every key known, each of the right shape.
#include "attest/base/toml.h"

#include <fstream>
#include <set>

#include "attest/measure/inputs.h"

namespace litebox::attest::measure {

namespace {

/// A table whose keys are taken one by one. The first error is kept; a key that nobody took is an error too.
class Table {
  public:
    Table(const toml::table* table, std::string name, std::string& error)
        : table_(table), name_(std::move(name)), error_(error) {}

    void text(std::string_view key, std::string& out) {
        if (const toml::node* node = take(key)) {
            if (auto value = node->value_exact<std::string>())
                out = *value;
            else
                fail(key, "a text in quotes");
        }
    }
    template <typename Number>
    void number(std::string_view key, Number& out) {
        if (const toml::node* node = take(key)) {
            auto value = node->value_exact<int64_t>();
            bool fits =
                value && *value >= 0 &&
                (sizeof(Number) == 8 || static_cast<uint64_t>(*value) <= std::numeric_limits<Number>::max());
            if (fits)
                out = static_cast<Number>(*value);
            else
                fail(key, "a whole number from 0 to " + std::to_string(std::numeric_limits<Number>::max()));
        }
    }
    template <typename Number>
    void number(std::string_view key, std::optional<Number>& out) {
        Number value{};
        if (!table_ || !table_->contains(key)) return;
        number(key, value);
        out = value;
    }
    void flag(std::string_view key, bool& out) {
        if (const toml::node* node = take(key)) {
            if (auto value = node->value_exact<bool>())
                out = *value;
            else
                fail(key, "true or false");
        }
    }
    void texts(std::string_view key, std::vector<std::string>& out) {
        const toml::node* node = take(key);
        if (!node) return;
        const toml::array* list = node->as_array();
        if (!list) return fail(key, "a list of texts");
        for (const toml::node& item : *list) {
            auto value = item.value_exact<std::string>();
            if (!value) return fail(key, "a list of texts");
            out.push_back(*value);
        }
    }
    /// A table below this one; an absent one has no keys.
    Table below(std::string_view key) {
        const toml::node* node = take(key);
        if (node && !node->is_table()) fail(key, "a table");
        return {node ? node->as_table() : nullptr,
                name_.empty() ? std::string(key) : name_ + '.' + std::string(key), error_};
    }
    /// Tables of a list.
    std::vector<Table> tables(std::string_view key) {
        std::vector<Table> found;
        const toml::node* node = take(key);
        const toml::array* list = node ? node->as_array() : nullptr;
        if (node && !list) fail(key, "a list of tables");
        if (!list) return found;
        for (const toml::node& item : *list) {
            if (!item.is_table()) fail(key, "a list of tables");
            found.emplace_back(item.as_table(), name_ + '.' + std::string(key), error_);
        }
        return found;
    }
    bool exists() const { return table_ != nullptr; }
    void finish() {
        if (!table_ || !error_.empty()) return;
        for (const auto& [key, node] : *table_)
            if (!taken_.contains(key.str()))
                error_ = "line " + std::to_string(node.source().begin.line) + ": unknown key \"" +
                         path(key.str()) + '"';
    }

  private:
    std::string path(std::string_view key) const {
        return name_.empty() ? std::string(key) : name_ + '.' + std::string(key);
    }
    const toml::node* take(std::string_view key) {
        taken_.emplace(key);
        return table_ ? table_->get(key) : nullptr;
    }
    void fail(std::string_view key, const std::string& wanted) {
        if (error_.empty()) error_ = '"' + path(key) + "\" must be " + wanted;
    }

    const toml::table* table_;
    std::string name_;
    std::string& error_;
    std::set<std::string, std::less<>> taken_;
};

void read_firmware(Table table, std::optional<SnpDescription::Firmware>& out) {
    if (!table.exists()) return;
    SnpDescription::Firmware firmware;
    table.text("digest", firmware.digest);
    table.number("hashes_table", firmware.hashes_table);
    table.number("reset_eip", firmware.reset_eip);
    for (Table& row : table.tables("sections")) {
        SnpSection section;
        row.number("gpa", section.gpa);
        row.number("size", section.size);
        row.number("type", section.type);
        row.finish();
        firmware.sections.push_back(section);
    }
    table.finish();
    out = firmware;
}

void read_id(Table table, std::optional<SnpDescription::Id>& out) {
    if (!table.exists()) return;
    SnpDescription::Id id;
    table.text("family_id", id.family_id);
    table.text("image_id", id.image_id);
    table.number("guest_svn", id.guest_svn);
    table.number("policy", id.policy);
    table.text("id_key", id.id_key);
    table.text("author_key", id.author_key);
    table.finish();
    out = id;
}

SnpDescription read_snp(Table table) {
    SnpDescription snp;
    for (auto [key, member] : {std::pair{"firmware", &snp.firmware},
                               {"svsm", &snp.svsm},
                               {"image", &snp.image},
                               {"kernel", &snp.kernel},
                               {"initrd", &snp.initrd},
                               {"kernel_sha256", &snp.kernel_sha256},
                               {"initrd_sha256", &snp.initrd_sha256},
                               {"command_line", &snp.command_line},
                               {"processor_model", &snp.processor_model},
                               {"vmm", &snp.vmm}})
        table.text(key, *member);
    table.number("firmware_variables_size", snp.firmware_variables_size);
    table.number("secrets_gpa", snp.secrets_gpa);
    table.number("cpuid_gpa", snp.cpuid_gpa);
    table.number("processors", snp.processors);
    table.number("processor_signature", snp.processor_signature);
    table.number("guest_features", snp.guest_features);
    read_firmware(table.below("firmware_description"), snp.firmware_description);
    read_id(table.below("id_block"), snp.id_block);
    table.finish();
    return snp;
}

TdxDescription read_tdx(Table table) {
    TdxDescription tdx;
    table.text("firmware", tdx.firmware);
    table.text("kernel", tdx.kernel);
    table.text("initrd", tdx.initrd);
    table.text("command_line", tdx.command_line);
    table.text("order", tdx.order);
    for (size_t i = 0; i < 4; i++) table.texts("rtmr" + std::to_string(i), tdx.rtmr[i]);
    table.finish();
    return tdx;
}

SgxDescription read_sgx(Table table) {
    SgxDescription sgx;
    table.text("image", sgx.image);
    table.text("stream", sgx.stream);
    table.number("threads", sgx.layout.threads);
    table.number("stack_pages", sgx.layout.stack_pages);
    table.number("ssa_frames", sgx.layout.ssa_frames);
    table.number("ssa_frame_pages", sgx.layout.ssa_frame_pages);
    table.number("heap_pages", sgx.layout.heap_pages);
    Table signing = table.below("sigstruct");
    if (signing.exists()) {
        SgxDescription::Signing s;
        signing.text("key", s.key);
        signing.number("date", s.date);
        signing.number("product", s.product);
        signing.number("svn", s.svn);
        signing.flag("debug", s.debug);
        signing.finish();
        sgx.sigstruct = s;
    }
    table.finish();
    return sgx;
}

}  // namespace

Result<Description> parse_description(std::string_view text, std::filesystem::path directory) {
    if (text.size() > 1 << 20) return Error{"a description larger than 1 MiB"};
    toml::table root = ATTEST_TRY(parse_toml(text));
    std::string error;
    Table top(&root, "", error);
    Table snp = top.below("snp"), tdx = top.below("tdx"), sgx = top.below("sgx");
    top.finish();
    if (error.empty() && snp.exists() + tdx.exists() + sgx.exists() != 1)
        error = "exactly one of [snp], [tdx] and [sgx] is wanted";
    Description description;
    description.directory = std::move(directory);
    if (error.empty() && snp.exists())
        description.what = read_snp(std::move(snp));
    else if (error.empty() && tdx.exists())
        description.what = read_tdx(std::move(tdx));
    else if (error.empty())
        description.what = read_sgx(std::move(sgx));
    if (!error.empty()) return Error{error};
    return description;
}

Result<Description> read_description(const std::filesystem::path& file) {
    Bytes text = ATTEST_TRY(read_input(file));
    auto parsed = parse_description(as_text(text), file.parent_path());
    if (!parsed) return Error{file.string() + ": " + parsed.error().message};
    return parsed;
}

Result<Bytes> read_input(const std::filesystem::path& file) {
    std::error_code failure;
    if (!std::filesystem::is_regular_file(file, failure)) return Error{"no file " + file.string()};
    uintmax_t size = std::filesystem::file_size(file, failure);
    if (failure || size > maximum_image) return Error{file.string() + " is larger than 256 MiB"};
    std::ifstream stream(file, std::ios::binary);
    Bytes bytes(size);
    stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (static_cast<uintmax_t>(stream.gcount()) != size) return Error{"cannot read " + file.string()};
    return bytes;
}

}  // namespace litebox::attest::measure
