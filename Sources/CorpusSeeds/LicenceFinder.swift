import CorpusText
import Foundation

/// Tells under which licence a source file stands, as an SPDX expression.
///
/// A line `SPDX-License-Identifier:` in the file decides; otherwise the nearest licence file in the file's folder or a
/// parent, up to the folder in which the search for sources began. Where that text is not recognised the answer is
/// nil, and no folder further up is asked: a wrong licence is worse than none.
struct LicenceFinder {
    private static let noticeLines = 30
    private static let fileLimit = 1 << 20

    private let top: String
    private var known: [String: String?] = [:]

    /// - Parameter top: The folder above which no licence file is looked for.
    init(top: String) { self.top = top.hasSuffix("/") ? String(top.dropLast()) : top }

    /// The licence of a file with the given text.
    mutating func licence(of path: String, text: String) -> String? {
        Self.stated(in: text) ?? licence(inFolderOf: path)
    }

    /// The expression after `SPDX-License-Identifier:` among the first lines.
    static func stated(in text: String) -> String? {
        for line in text.split(
            maxSplits: noticeLines,
            omittingEmptySubsequences: false,
            whereSeparator: \.isNewline
        )
        .prefix(noticeLines) {
            guard let mark = line.firstRange(of: "SPDX-License-Identifier:") else { continue }
            let words = line[mark.upperBound...].split { " \t\r\"'*".contains($0) }
                .prefix {
                    $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".+-()".contains($0)) }
                }
                .filter { $0 != "--" && $0 != "-" }
            return words.isEmpty ? nil : words.joined(separator: " ")
        }
        return nil
    }

    /// Whether an allow list permits a licence: any alternative of an `OR`, every part of an `AND`.
    static func isAllowed(_ licence: String?, by list: [String]) -> Bool {
        guard !list.isEmpty else { return true }
        guard let licence else { return false }
        if list.contains(licence) { return true }
        guard !licence.dropFirst().dropLast().contains(where: { "()".contains($0) }) else { return false }
        let plain = licence.filter { !"()".contains($0) }
        return plain.split(separator: " OR ").contains { alternative in
            alternative.split(separator: " AND ").allSatisfy { list.contains(String($0)) }
        }
    }

    private mutating func licence(inFolderOf path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let folder = String(path[..<slash])
        guard folder == top || folder.hasPrefix(top + "/") else { return nil }
        if let answer = known[folder] { return answer }
        let answer = Self.licences(of: folder).map(Self.joined) ?? licence(inFolderOf: folder)
        known[folder] = .some(answer)
        return answer
    }

    /// The licence files of a folder by name, with nil for a text that is not recognised; nil when there are none.
    private static func licences(of folder: String) -> [String: String?]? {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter(
            isLicenceName
        )
        guard !names.isEmpty else { return nil }
        return Dictionary(
            uniqueKeysWithValues: names.map { name in
                let bytes = (try? FileAccess.bytes(of: "\(folder)/\(name)", limit: fileLimit)) ?? []
                return (name, recognized(String(decoding: bytes, as: UTF8.self)))
            }
        )
    }

    private static func joined(_ found: [String: String?]) -> String? {
        let licences = found.values.compactMap(\.self)
        guard licences.count == found.count else { return nil }
        // `LICENSE-MIT` beside `LICENSE-APACHE` is a choice; other mixtures are for a person to read.
        let isChoice = found.keys.allSatisfy { $0.contains("-") }
        let distinct = Set(licences).sorted()
        return distinct.count == 1 || isChoice ? distinct.joined(separator: " OR ") : nil
    }

    private static func isLicenceName(_ name: String) -> Bool {
        let stem = name.lowercased().split(separator: ".", maxSplits: 1).first.map(String.init) ?? ""
        let base = stem.split(separator: "-", maxSplits: 1).first.map(String.init) ?? ""
        return ["license", "licence", "copying", "unlicense"].contains(base)
    }

    /// The SPDX identifier of a licence's text, told by phrases that no other licence has.
    static func recognized(_ text: String) -> String? {
        let straight = String(text.lowercased().map { "“”".contains($0) ? "\"" : $0 })
        let text = straight.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let title = text.prefix(300)
        if title.contains("gnu general public license"), !title.contains("lesser"), !title.contains("affero")
        {
            if text.contains("version 3, 29 june 2007") { return "GPL-3.0" }
            if text.contains("version 2, june 1991") { return "GPL-2.0" }
        }
        for (phrases, licence) in marks where phrases.allSatisfy(text.contains) { return licence }
        guard text.contains("redistribution and use in source and binary forms"),
            !text.contains("all advertising materials")
        else { return nil }
        return text.contains("neither the name") ? "BSD-3-Clause" : "BSD-2-Clause"
    }

    private static let marks: [(phrases: [String], licence: String)] = [
        (["python software foundation license version 2"], "PSF-2.0"),
        (
            ["apache license", "version 2.0, january 2004", "terms and conditions for use, reproduction"],
            "Apache-2.0"
        ),
        (["mozilla public license version 2.0", "covered software"], "MPL-2.0"),
        (["this is free and unencumbered software released into the public domain"], "Unlicense"),
        (
            [
                "permission is hereby granted, free of charge, to any person obtaining a copy",
                "permission notice shall be included", "the software is provided \"as is\"",
            ], "MIT"
        ),
        (
            [
                "for any purpose with or without fee is hereby granted, provided that the above copyright notice",
                "the software is provided \"as is\"",
            ], "ISC"
        ),
    ]
}
