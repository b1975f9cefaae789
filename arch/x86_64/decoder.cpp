#include "arch/x86_64/decoder.h"

namespace litebox::arch {

namespace {

using Flow = Instruction::Flow;

/// One bit per opcode, rows of 16.
struct OpcodeSet {
    u16 rows[16];
    [[nodiscard]] constexpr bool has(u8 opcode) const {
        return (rows[opcode >> 4] >> (opcode & 15) & 1) != 0;
    }
};

constexpr OpcodeSet one_byte_modrm{
    {0x0f0f, 0x0f0f, 0x0f0f, 0x0f0f, 0, 0, 0x0a08, 0, 0xffff, 0, 0, 0, 0x00c3, 0xff0f, 0, 0xc0c0}};
constexpr OpcodeSet one_byte_imm8{
    {0x1010, 0x1010, 0x1010, 0x1010, 0, 0, 0x0c00, 0xffff, 0x0009, 0, 0x0100, 0x00ff, 0x2043, 0, 0x08ff, 0}};
constexpr OpcodeSet one_byte_imm32{
    {0x2020, 0x2020, 0x2020, 0x2020, 0, 0, 0x0300, 0, 0x0002, 0, 0x0200, 0xff00, 0x0080, 0, 0x0300, 0}};
constexpr OpcodeSet one_byte_undefined{
    {0x40c0, 0xc0c0, 0x8080, 0x8080, 0, 0, 0x0003, 0, 0x0004, 0x0400, 0, 0, 0x4000, 0x0070, 0x0400, 0x0002}};
/// Of the second map: opcodes without a ModRM byte, with an immediate byte, and undefined ones.
constexpr OpcodeSet two_byte_plain{
    {0x0be0, 0, 0, 0x00ff, 0, 0, 0, 0x0080, 0xffff, 0, 0x0707, 0, 0xff00, 0, 0, 0}};
constexpr OpcodeSet two_byte_imm8{{0, 0, 0, 0, 0, 0, 0, 0x000f, 0, 0, 0x1010, 0x0400, 0x0074, 0, 0, 0}};
constexpr OpcodeSet two_byte_undefined{{0x9410, 0, 0x00f0, 0xfa40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};

class Decoder {
  public:
    explicit Decoder(std::span<const u8> bytes)
        : bytes_(bytes.first(min(bytes.size(), longest_instruction))) {}

    std::optional<Instruction> run() {
        prefixes();
        u8 first = take();
        if (first == 0xc4 || first == 0xc5)
            vex(first);
        else if (first == 0x62)
            evex();
        else if (first == 0x0f)
            escape();
        else
            one_byte(first);
        if (bad_ || at_ > bytes_.size()) return std::nullopt;
        result_.length = static_cast<u8>(at_);
        finish_target();
        return result_;
    }

  private:
    [[nodiscard]] u8 peek() const { return at_ < bytes_.size() ? bytes_[at_] : 0; }
    u8 take() {
        u8 byte = peek();
        at_++;
        return byte;
    }

    void prefixes() {
        for (;; at_++) {
            u8 byte = peek();
            bool segment =
                byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x64 || byte == 0x65;
            if (byte == 0x66)
                operand_16_ = true;
            else if (byte == 0x67)
                address_32_ = true;
            else if (byte != 0xf0 && byte != 0xf2 && byte != 0xf3 && !segment)
                break;
            if (at_ >= bytes_.size()) return;
        }
        if ((peek() & 0xf0) == 0x40) wide_ = (take() & 8) != 0;
    }

    void modrm() {
        u8 byte = take();
        modrm_ = byte;
        u8 mode = byte >> 6, rm = byte & 7;
        if (mode == 3) return;
        u8 base = rm;
        if (rm == 4) base = take() & 7;
        if (mode == 0 && rm == 5) {
            result_.displacement_at = static_cast<u8>(at_);
            at_ += 4;
        } else if (mode == 2 || (mode == 0 && rm == 4 && base == 5)) {
            at_ += 4;
        } else if (mode == 1) {
            at_ += 1;
        }
    }

    void relative(u8 size, Flow flow) {
        result_.flow = flow;
        result_.target_size = size;
        at_ += size;
    }

    void one_byte(u8 opcode) {
        result_.opcode = opcode;
        if (one_byte_undefined.has(opcode)) bad_ = true;
        if (one_byte_modrm.has(opcode)) modrm();
        u8 extension = modrm_ >> 3 & 7;
        if ((opcode & 0xf0) == 0x70 || (opcode >= 0xe0 && opcode <= 0xe3))
            return relative(1, Flow::conditional);
        if (opcode == 0xeb) return relative(1, Flow::branch);
        if (opcode == 0xe9) return relative(4, Flow::branch);
        if (opcode == 0xe8) return relative(4, Flow::call);
        if (opcode >= 0xa0 && opcode <= 0xa3)
            at_ += address_32_ ? 4 : 8;
        else if (opcode >= 0xb8 && opcode <= 0xbf && wide_)
            at_ += 8;
        else if (one_byte_imm32.has(opcode))
            at_ += operand_16_ && !wide_ ? 2 : 4;
        else if (one_byte_imm8.has(opcode) || (opcode == 0xf6 && extension < 2))
            at_ += 1;
        else if (opcode == 0xf7 && extension < 2)
            at_ += operand_16_ && !wide_ ? 2 : 4;
        else if (opcode == 0xc2 || opcode == 0xca)
            at_ += 2;
        else if (opcode == 0xc8)
            at_ += 3;
        bool leaves = opcode == 0xc2 || opcode == 0xc3 || opcode == 0xca || opcode == 0xcb ||
                      opcode == 0xcc || opcode == 0xcd || opcode == 0xcf || opcode == 0xf4 ||
                      (opcode == 0xff && extension >= 2 && extension < 6);
        if (leaves) result_.flow = Flow::elsewhere;
        if (opcode == 0x8f && extension != 0) bad_ = true;
    }

    void escape() {
        u8 opcode = take();
        if (opcode == 0x38 || opcode == 0x3a) {
            result_.map = opcode == 0x38 ? 2 : 3;
            result_.opcode = take();
            modrm();
            if (opcode == 0x3a) at_ += 1;
            return;
        }
        result_.map = 1;
        result_.opcode = opcode;
        if (two_byte_undefined.has(opcode)) bad_ = true;
        if ((opcode & 0xf0) == 0x80) return relative(4, Flow::conditional);
        if (!two_byte_plain.has(opcode)) modrm();
        if (two_byte_imm8.has(opcode)) at_ += 1;
        if (opcode == 0x05 || opcode == 0x0b || opcode == 0x34) result_.flow = Flow::elsewhere;
    }

    void vector_operands(u8 map) {
        result_.map = map;
        result_.opcode = take();
        if (map == 0 || map == 4 || map > 6) bad_ = true;
        if (map == 1 && result_.opcode == 0x77) return;  // vzeroupper
        modrm();
        if (map == 3 || (map == 1 && two_byte_imm8.has(result_.opcode))) at_ += 1;
    }
    void vex(u8 first) {
        u8 map = 1;
        if (first == 0xc4) map = take() & 0x1f;
        take();
        vector_operands(map);
    }
    void evex() {
        u8 map = take() & 7;
        at_ += 2;
        vector_operands(map);
    }

    void finish_target() {
        if (result_.target_size == 0) return;
        i64 distance = 0;
        if (result_.target_size == 1) {
            distance = static_cast<i8>(bytes_[at_ - 1]);
        } else {
            i32 word;
            __builtin_memcpy(&word, bytes_.data() + at_ - 4, sizeof(word));
            distance = word;
        }
        result_.target = distance + static_cast<i64>(at_);
    }

    std::span<const u8> bytes_;
    usize at_ = 0;
    bool operand_16_ = false, address_32_ = false, wide_ = false, bad_ = false;
    u8 modrm_ = 0;
    Instruction result_;
};

}  // namespace

std::optional<Instruction> decode(std::span<const u8> bytes) {
    if (bytes.empty()) return std::nullopt;
    return Decoder(bytes).run();
}

}  // namespace litebox::arch
