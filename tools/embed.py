"""Writes a file as a C array: embed.py INPUT OUTPUT SYMBOL gives SYMBOL[] and SYMBOL_size."""
import sys

source, output, symbol = sys.argv[1:4]
with open(source, "rb") as file:
    data = file.read()
with open(output, "w", encoding="ascii") as file:
    file.write("#include <stddef.h>\n")
    file.write(f"extern const unsigned char {symbol}[];\nextern const size_t {symbol}_size;\n")
    file.write(f"const unsigned char {symbol}[] = {{\n")
    for at in range(0, len(data), 16):
        file.write(" ".join(f"{byte}," for byte in data[at : at + 16]) + "\n")
    file.write(f"0}};\nconst size_t {symbol}_size = {len(data)};\n")
