#include "attest/x509/certificate.h"

namespace litebox::attest {

namespace {

constexpr size_t maximum_blocks = 64;
constexpr std::string_view begin_mark = "-----BEGIN ", end_mark = "-----END ", dashes = "-----";

}  // namespace

Result<std::vector<PemBlock>> parse_pem(std::string_view text) {
    std::vector<PemBlock> blocks;
    for (size_t at = text.find(begin_mark); at != std::string_view::npos; at = text.find(begin_mark, at)) {
        if (blocks.size() == maximum_blocks) return Error{"more than 64 PEM blocks"};
        size_t label_begin = at + begin_mark.size();
        size_t label_end = text.find(dashes, label_begin);
        if (label_end == std::string_view::npos) return Error{"a PEM block whose first line does not end"};
        std::string label(text.substr(label_begin, label_end - label_begin));
        size_t body = label_end + dashes.size();
        std::string last = std::string(end_mark) + label + std::string(dashes);
        size_t end = text.find(last, body);
        if (end == std::string_view::npos) return Error{"a PEM block that is not closed"};
        auto der = from_base64(text.substr(body, end - body));
        if (!der) return Error{"a PEM block that is " + der.error().message};
        blocks.push_back({std::move(label), *std::move(der)});
        at = end + last.size();
    }
    return blocks;
}

}  // namespace litebox::attest
