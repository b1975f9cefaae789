#include "cli/arguments.h"

#include <algorithm>
#include <numeric>

namespace litebox::cli {

namespace {

/// Edits that turn one word into the other, a swap of neighbours counting once.
size_t distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(last.begin(), last.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

const OptionSpec* find_long(std::span<const OptionSpec> specs, std::string_view name) {
    for (const OptionSpec& spec : specs)
        if (spec.name == name) return &spec;
    return nullptr;
}

const OptionSpec* find_letter(std::span<const OptionSpec> specs, char letter) {
    for (const OptionSpec& spec : specs)
        if (spec.letter == letter) return &spec;
    return nullptr;
}

std::string needs_value(const OptionSpec& spec) {
    std::string text = "--" + std::string(spec.name) + " needs a value: --" + std::string(spec.name) + " " +
                       std::string(spec.metavar);
    if (!spec.example.empty())
        text += ", for example --" + std::string(spec.name) + " " + std::string(spec.example);
    return text;
}

std::string unknown(std::string_view name, std::span<const OptionSpec> specs) {
    std::vector<std::string_view> names;
    for (const OptionSpec& spec : specs) names.push_back(spec.name);
    std::string text = "unknown option --" + std::string(name);
    std::string_view meant = nearest(name, names);
    if (!meant.empty()) return text + "; did you mean --" + std::string(meant) + "?";
    return text + "; --help lists the options";
}

/// The state of one pass over the words.
class Parser {
  public:
    Parser(std::span<const char* const> words, std::span<const OptionSpec> specs)
        : words_(words), specs_(specs) {}

    ParsedArguments run() {
        while (next_ < words_.size() && !result_.error) {
            std::string_view word = words_[next_];
            if (word == "--") {
                next_++;
                result_.dashes = true;
                break;
            }
            if (word.size() < 2 || word[0] != '-') break;
            next_++;
            if (word[1] == '-')
                take_long(word.substr(2));
            else
                take_letters(word.substr(1));
        }
        for (; next_ < words_.size(); next_++) result_.rest.emplace_back(words_[next_]);
        return std::move(result_);
    }

  private:
    void take_long(std::string_view text) {
        size_t equals = text.find('=');
        std::string_view name = text.substr(0, equals);
        const OptionSpec* spec = find_long(specs_, name);
        if (!spec) {
            result_.error = unknown(name, specs_);
            return;
        }
        if (equals == std::string_view::npos) {
            take_value(*spec);
        } else if (spec->value == ValueKind::none) {
            result_.error = "--" + std::string(name) + " takes no value";
        } else if (equals + 1 == text.size()) {
            result_.error = needs_value(*spec);
        } else {
            result_.options.push_back({spec, std::string(text.substr(equals + 1))});
        }
    }

    void take_letters(std::string_view letters) {
        for (size_t i = 0; i < letters.size() && !result_.error; i++) {
            const OptionSpec* spec = find_letter(specs_, letters[i]);
            if (!spec) {
                result_.error = std::string("unknown option -") + letters[i];
                if (find_long(specs_, letters))
                    *result_.error += "; did you mean --" + std::string(letters) + "?";
                else
                    *result_.error += "; --help lists the options";
            } else if (spec->value == ValueKind::required && i + 1 < letters.size()) {
                result_.options.push_back({spec, std::string(letters.substr(i + 1))});
                return;
            } else {
                take_value(*spec);
            }
        }
    }

    /// The value of an option that has none in its own word. An optional value needs the `=`.
    void take_value(const OptionSpec& spec) {
        if (spec.value != ValueKind::required) {
            result_.options.push_back({&spec, std::nullopt});
        } else if (next_ >= words_.size() || std::string_view(words_[next_]) == "--") {
            result_.error = needs_value(spec);
        } else {
            result_.options.push_back({&spec, words_[next_++]});
        }
    }

    std::span<const char* const> words_;
    std::span<const OptionSpec> specs_;
    size_t next_ = 0;
    ParsedArguments result_;
};

std::string heading(const OptionSpec& spec) {
    std::string text = spec.letter ? std::string("  -") + spec.letter + ", --" : "      --";
    text += spec.name;
    if (spec.value == ValueKind::required) text += " " + std::string(spec.metavar);
    if (spec.value == ValueKind::optional) text += "[=" + std::string(spec.metavar) + "]";
    return text;
}

}  // namespace

ParsedArguments parse_arguments(std::span<const char* const> words, std::span<const OptionSpec> specs) {
    return Parser(words, specs).run();
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view best;
    size_t least = 1 + std::min<size_t>(word.size() / 3, 2);
    for (std::string_view candidate : candidates) {
        // A beginning that nothing else shares is as good as one edit.
        size_t edits = word.size() >= 3 && candidate.starts_with(word) ? 1 : distance(word, candidate);
        if (edits <= least && (best.empty() || edits < least)) {
            best = candidate;
            least = edits;
        }
    }
    return best;
}

std::string describe_options(std::span<const OptionSpec> specs) {
    constexpr size_t column = 30, width = 100;
    std::string out;
    for (const OptionSpec& spec : specs) {
        std::string line = heading(spec);
        line.resize(std::max(line.size() + 2, column), ' ');
        std::string_view text = spec.help;
        while (line.size() + text.size() > width) {
            size_t cut = text.rfind(' ', width - line.size());
            if (cut == std::string_view::npos) break;
            out += line + std::string(text.substr(0, cut)) + "\n";
            text.remove_prefix(cut + 1);
            line.assign(column, ' ');
        }
        out += line + std::string(text) + "\n";
    }
    return out;
}

}  // namespace litebox::cli
