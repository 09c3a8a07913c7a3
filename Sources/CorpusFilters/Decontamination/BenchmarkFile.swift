import CorpusKit

/// Reads what the option `against` of `decontaminate` names.
enum BenchmarkFile {
    /// The packs that ship with Corpusmith.
    static let builtIn = ["humaneval", "mbpp"]

    /// The fingerprints of a benchmark: of a pack as they are, of texts made on the spot, with the words to confirm
    /// hits by.
    ///
    /// - Throws: ``BadOption`` that names the file and what is wrong with it.
    static func pack(
        named name: String,
        in setup: PluginSetup
    ) throws -> (pack: FingerprintPack, words: [[UInt64]]?) {
        if builtIn.contains(name) {
            return (try pack(of: setup.file("Templates/Fingerprints/\(name).csfp")), nil)
        }
        let files = try files(named: name, in: setup)
        if let file = files.first, files.count == 1, file.name.hasSuffix(".csfp") {
            return (try pack(of: file), nil)
        }
        var text = BenchmarkText(name: Self.stem(of: name))
        var digests: [UInt8] = []
        for file in files {
            digests += Digest(of: file.bytes).bytes
            try read(file, alone: files.count == 1, into: &text)
        }
        guard !text.fields.isEmpty else { throw BadOption("against", "names `\(name)`, which holds no text") }
        guard text.fields.count <= 255 else {
            throw BadOption(
                "against",
                "names `\(name)`, whose rows have \(text.fields.count) fields and not at most 255"
            )
        }
        return FingerprintBuilder.pack(of: text, source: name, licence: "", digest: Digest(of: digests).bytes)
    }

    private static func pack(of file: PluginSetup.File) throws -> FingerprintPack {
        do {
            return try FingerprintPack.read(file.bytes, name: file.name)
        } catch {
            throw BadOption("against", "cannot be used: \(error); \(error.hint)")
        }
    }

    /// The file under a name, or all files of the folder under it.
    private static func files(named name: String, in setup: PluginSetup) throws -> [PluginSetup.File] {
        do {
            return [try setup.file(name)]
        } catch {
            let folder = name.hasSuffix("/") ? String(name.dropLast()) : name
            let paths = (try? setup.files(matching: "\(folder)/**/*")) ?? []
            guard paths.isEmpty else { return try paths.map(setup.file) }
            guard !name.contains("/"), !name.contains(".") else { throw error }
            throw BadOption(
                "against",
                "names `\(name)`, which is neither a built-in pack (\(builtIn.joined(separator: ", "))) nor a path"
            )
        }
    }

    private static func read(
        _ file: PluginSetup.File,
        alone: Bool,
        into text: inout BenchmarkText
    ) throws {
        let shown = file.name.split(separator: "/").last.map(String.init) ?? file.name
        // Items of a folder are told apart by their files.
        let prefix = alone ? "" : "\(shown) "
        switch file.name.split(separator: ".").last?.lowercased() {
        case "csfp":
            throw BadOption("against", "names a folder that holds the pack `\(shown)`; name packs one by one")
        case "jsonl", "ndjson":
            for (index, line) in file.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
                .enumerated()
            where !line.allSatisfy({ $0 <= 0x20 }) {
                let row = try json(line, of: "line \(index + 1) of `\(shown)`")
                add(row, named: prefix, line: index + 1, to: &text)
            }
        case "json":
            let document = try json(file.bytes[...], of: "`\(shown)`")
            for (index, row) in (document.elements ?? [document]).enumerated() {
                add(row, named: prefix, line: index + 1, to: &text)
            }
        default:
            guard let content = String(validating: file.bytes, as: UTF8.self) else {
                throw BadOption("against", "names `\(shown)`, which is not UTF-8 text")
            }
            text.add(text: content, named: shown)
        }
    }

    private static func json(_ bytes: ArraySlice<UInt8>, of place: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw BadOption("against", "cannot be used: \(place) is not JSON (\(error))")
        }
    }

    private static func add(_ row: JSONValue, named prefix: String, line: Int, to text: inout BenchmarkText) {
        let id = row["task_id"] ?? row["id"] ?? row["question_id"]
        let name = prefix + BenchmarkText.itemName(id, line: line)
        if let whole = row.text {
            text.add(text: whole, named: name)
        } else {
            text.add(row: row, named: name)
        }
    }

    /// A path's last part without its ending.
    private static func stem(of path: String) -> String {
        let last = path.split(separator: "/").last ?? path[...]
        return String(last.split(separator: ".").first ?? last)
    }
}
