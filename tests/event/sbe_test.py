"""Proves the C structs equal to schema/shijim.xml with the public SBE tool.

Generates the tool's C codec from the schema and, also from the schema, a program that writes every
field of every struct and reads it by that codec, and the other way round: distinct values in every
field, every word of every enum, every flag, every null. usage: sbe_test.py ROOT DEPS CC...
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile

SBE = "{http://fixprotocol.io/2016/sbe}"
SKIP = 77
NULLS = {"int64": "INT64_MIN", "uint32": "UINT32_MAX", "uint64": "UINT64_MAX", "char": "0"}
SIZES = {"int64": 8, "uint64": 8, "int32": 4, "uint32": 4, "uint16": 2, "uint8": 1, "char": 1}
PRELUDE = """
#include "shijim/event.h"
#include <stdio.h>
#include <string.h>
static int failed, checked;
#define CHECK(what, condition) \\
    do { checked++; if (!(condition)) { failed++; printf("differs: %s\\n", what); } } while (0)
"""


def structs(root):
    """Template id -> (message name, struct name), from the one table of events."""
    header = (root / "include/shijim/event.h").read_text()
    table = re.findall(r'X\((\d+), \w+, (\w+), "(\w+)"\)', header)
    return {int(number): (name, struct) for number, struct, name in table}


class Schema:
    def __init__(self, path):
        self.root = ElementTree.parse(path).getroot()
        types = self.root.find("types")
        self.types = {t.get("name"): t for t in types.findall("type")}
        self.enums = {t.get("name"): t for t in types.findall("enum")}
        self.sets = {t.get("name"): t for t in types.findall("set")}
        self.messages = self.root.findall(SBE + "message")


class Case:
    """The C statements for one message: `our` is the struct, `their` the tool's codec over bytes."""

    def __init__(self, schema, message, struct):
        self.schema, self.struct, self.name = schema, struct, message.get("name")
        self.fields = message.findall("field")
        self.value = 0

    def next(self, kind):
        """Values differ from each other in every byte that the type has."""
        self.value += 1
        size = SIZES[kind]
        number = int.from_bytes(bytes((37 * self.value + 11 * i) % 127 + 1 for i in range(size)), "little")
        return f"({kind}_t){number}ULL" if kind != "char" else str(65 + self.value % 50)

    def scalar(self, field, kind, null):
        codec, name = f"shijim_{self.name}", field.get("name")
        value = NULLS[kind] if null else self.next(kind)
        read = f"{codec}_{name}(&their)"
        want = f"{codec}_{name}_null_value()" if null else value
        return [f"our.{name} = {value};"], [(f"{read} == {want}", name)], [f"{codec}_set_{name}(&their, {want});"]

    def array(self, field, kind, length, null):
        codec, name = f"shijim_{self.name}", field.get("name")
        write, read, encode = [], [], []
        for i in range(length):
            value = NULLS[kind] if null else self.next(kind)
            write.append(f"our.{name}[{i}] = {value};")
            read.append((f"{codec}_{name}_unsafe(&their, {i}) == {value}", f"{name}[{i}]"))
            encode.append(f"{codec}_set_{name}_unsafe(&their, {i}, {value});")
        return write, read, encode

    def enum(self, field, word):
        codec, name, kind = f"shijim_{self.name}", field.get("name"), field.get("type")
        values = self.schema.enums[kind].findall("validValue")
        value = values[word % len(values)]
        constant = f"shijim_{kind}_{value.get('name')}"
        read = f"({{ enum shijim_{kind} word; {codec}_{name}(&their, &word) && word == {constant}; }})"
        return [f"our.{name} = {value.text};"], [(read, name)], [f"{codec}_set_{name}(&their, {constant});"]

    def flags(self, field, word):
        codec, name, kind = f"shijim_{self.name}", field.get("name"), field.get("type")
        choices = self.schema.sets[kind].findall("choice")
        chosen = word % len(choices)
        constant = f"SJ_FLAG_{choices[chosen].get('name').upper()}"
        read = []
        for i, choice in enumerate(choices):
            bit = f"shijim_{kind}_{choice.get('name')}({codec}_{name}(&their, &set))"
            read.append((f"{bit} == {'true' if i == chosen else 'false'}", choice.get("name")))
        encode = f"shijim_{kind}_set_{choices[chosen].get('name')}({codec}_{name}(&their, &set), true);"
        return [f"our.{name} = {constant};"], read, [encode]

    def parts(self, null, word):
        for field in self.fields:
            kind = field.get("type")
            if kind in self.schema.enums:
                yield self.enum(field, word)
            elif kind in self.schema.sets:
                yield self.flags(field, word)
            else:
                declared = self.schema.types[kind]
                primitive, length = declared.get("primitiveType"), int(declared.get("length", 1))
                absent = null and declared.get("presence") == "optional"
                if length > 1:
                    yield self.array(field, primitive, length, absent)
                else:
                    yield self.scalar(field, primitive, absent)

    def code(self, number, null, word):
        codec = f"shijim_{self.name}"
        write, read, encode = (sum(part, []) for part in zip(*self.parts(null, word)))
        checks = [f'CHECK("{self.name}.{what}", {condition});' for condition, what in read]
        return f"""
static void {self.name}_{word}_{int(null)}(void)
{{
    struct {self.struct} our, back;
    struct {codec} their;
    struct shijim_flag_set set;
    struct shijim_messageHeader head;
    memset(&our, 0, sizeof(our));
    sj_frame_head(&our, (enum sj_event_type){number}, sizeof(our));
    {' '.join(write)}
    char *bytes = (char *)&our + 8;
    shijim_messageHeader_wrap(&head, bytes, 0, 1, sizeof(our) - 8);
    CHECK("{self.name}: template id", shijim_messageHeader_templateId(&head) == {codec}_sbe_template_id());
    CHECK("{self.name}: schema id", shijim_messageHeader_schemaId(&head) == {codec}_sbe_schema_id());
    CHECK("{self.name}: version", shijim_messageHeader_version(&head) == {codec}_sbe_schema_version());
    CHECK("{self.name}: block", shijim_messageHeader_blockLength(&head) == {codec}_sbe_block_length());
    {codec}_wrap_for_decode(&their, bytes, 8, shijim_messageHeader_blockLength(&head),
                            shijim_messageHeader_version(&head), sizeof(our) - 8);
    {' '.join(checks)}
    memset(&back, 0, sizeof(back));
    {codec}_wrap_and_apply_header(&their, (char *)&back, 8, sizeof(back), &head);
    {' '.join(encode)}
    CHECK("{self.name}: bytes written by the tool", memcmp(&our, &back, sizeof(our)) == 0);
    CHECK("{self.name}: size", {codec}_sbe_block_length() + 16 == sizeof(our));
}}
"""


def program(schema, known):
    text = [PRELUDE, *(f'#include "shijim/{m.get("name")}.h"\n' for m in schema.messages)]
    calls = []
    for message in schema.messages:
        number = int(message.get("id"))
        name, struct = known[number]
        assert name == message.get("name"), f"message {number} is {name} in event.h"
        case = Case(schema, message, struct)
        words = max(len(e.findall("validValue")) for e in schema.enums.values())
        for word in range(words):
            text.append(case.code(number, word == 0, word))
            calls.append(f"{name}_{word}_{int(word == 0)}();")
    text.append(f"int main(void) {{ {' '.join(calls)}\n"
                'printf("%d checks, %d failed\\n", checked, failed); return failed != 0; }\n')
    return "".join(text)


def main():
    root, deps, compiler = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    deps = pathlib.Path(os.environ.get("SHIJIM_DEPS", deps))
    jars = sorted((deps / "sbe").glob("*.jar"))
    if not shutil.which("java") or len(jars) < 2:
        print("skipped: needs java and the SBE tool (./dev deps brings both)")
        return SKIP
    path = root / "schema/shijim.xml"
    schema, known = Schema(path), structs(root)
    assert {int(m.get("id")) for m in schema.messages} == set(known), "schema and event.h differ in messages"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        tool = next(jar for jar in jars if jar.name.startswith("sbe-tool"))
        with zipfile.ZipFile(tool) as jar:
            (work / "sbe.xsd").write_bytes(jar.read("fpl/sbe.xsd"))
        subprocess.run(
            ["java", f"-Dsbe.output.dir={work}", "-Dsbe.target.language=C", f"-Dsbe.validation.xsd={work}/sbe.xsd",
             "-Dsbe.validation.stop.on.error=true", "-Dsbe.validation.warnings.fatal=true",
             "-cp", ":".join(map(str, jars)), "uk.co.real_logic.sbe.SbeTool", str(path)], check=True)
        (work / "proof.c").write_text(program(schema, known))
        subprocess.run([*compiler, "-std=gnu17", "-O0", "-w", f"-I{root}/include", f"-isystem{work}",
                        f"-I{work}/shijim", str(work / "proof.c"), "-o", str(work / "proof"), "-lm"], check=True)
        return subprocess.run([str(work / "proof")], check=False).returncode


sys.exit(main())
