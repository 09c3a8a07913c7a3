import Testing

@testable import CorpusSeeds

@Suite("Licence finder")
struct LicenceFinderTests {
    /// Short texts made of the phrases that tell licences apart, in the wording that the licences themselves have.
    static let texts: [(String, String?)] = [
        (
            "MIT License\nPermission is hereby granted, free of charge, to any person obtaining\na copy … permission "
                + "notice shall be included … THE SOFTWARE IS PROVIDED \"AS IS\"", "MIT"
        ),
        // MIT-0 does not ask for the notice.
        (
            "Permission is hereby granted, free of charge, to any person obtaining a copy … THE SOFTWARE IS PROVIDED \"AS IS\"",
            nil
        ),
        (
            "   Apache License\n   Version 2.0, January 2004\n TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
            "Apache-2.0"
        ),
        (
            "Redistribution and use in source and binary\nforms, with or without modification, are permitted",
            "BSD-2-Clause"
        ),
        (
            "Redistribution and use in source and binary forms … Neither the name of the holder",
            "BSD-3-Clause"
        ),
        (
            "Redistribution and use in source and binary forms … All advertising materials … Neither the name",
            nil
        ),
        ("GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007 … the GNU Lesser General Public License", nil),
        (
            "GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007 " + String(repeating: "x ", count: 200)
                + "Lesser", "GPL-3.0"
        ),
        ("GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991", "GPL-2.0"),
        ("GNU LESSER GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", nil),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\n Version 3, 19 November 2007", nil),
        ("Mozilla Public License Version 2.0\n 1.4. \"Covered Software\"", "MPL-2.0"),
        (
            "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is "
                + "hereby granted, provided that the above copyright notice … THE SOFTWARE IS PROVIDED \"AS IS\"",
            "ISC"
        ),
        // 0BSD grants without asking for the notice.
        ("for any purpose with or without fee is hereby granted. THE SOFTWARE IS PROVIDED \"AS IS\"", nil),
        ("PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2", "PSF-2.0"),
        ("This is free and unencumbered software released into the public domain.", "Unlicense"),
        ("All rights reserved.", nil), ("", nil),
    ]

    @Test(
        "Licences are told by their own phrases and near relatives are not mistaken for them",
        arguments: texts
    )
    func recognized(text: String, expected: String?) {
        #expect(LicenceFinder.recognized(text) == expected)
    }

    @Test(
        "The identifier in a file is read as an expression, whatever the comment around it",
        arguments: [
            ("# SPDX-License-Identifier: MIT\nx", "MIT"),
            ("/* SPDX-License-Identifier: GPL-2.0-only */", "GPL-2.0-only"),
            ("<!-- SPDX-License-Identifier: BSD-3-Clause -->", "BSD-3-Clause"),
            ("//SPDX-License-Identifier:(MIT OR Apache-2.0)\r\n", "(MIT OR Apache-2.0)"),
            (String(repeating: "\n", count: 30) + "# SPDX-License-Identifier: MIT", nil),
            ("# SPDX-License-Identifier:", nil),
            ("x = 1", nil),
        ]
    )
    func stated(text: String, expected: String?) {
        #expect(LicenceFinder.stated(in: text) == expected)
    }

    @Test(
        "An allow list permits any alternative and asks for every part",
        arguments: [
            ("MIT", true), ("ISC", false), ("ISC OR MIT", true), ("MIT AND ISC", false),
            ("MIT AND Apache-2.0", true),
            ("(MIT OR ISC)", true), ("(ISC OR MIT) AND GPL-3.0", false), (nil, false),
        ]
    )
    func allowed(licence: String?, expected: Bool) {
        #expect(LicenceFinder.isAllowed(licence, by: ["MIT", "Apache-2.0"]) == expected)
        #expect(LicenceFinder.isAllowed(licence, by: []))
    }

    @Test("The nearest licence file decides, also when nobody can tell what it says")
    func nearest() throws {
        let gpl = "GNU GENERAL PUBLIC LICENSE\n Version 2, June 1991"
        let tree = try ScratchTree([
            "p/COPYING": gpl,
            "p/a/LICENSE.md":
                "Unlicense: This is free and unencumbered software released into the public domain",
            "p/b/LICENCE.txt": "Ask me first.", "p/c/LICENSE-MIT": Self.texts[0].0,
            "p/c/LICENSE-APACHE": Self.texts[2].0,
            "p/d/LICENSE": gpl, "p/d/COPYING": Self.texts[0].0, "LICENSE": Self.texts[0].0,
        ])
        var finder = LicenceFinder(top: tree.path + "/p")

        #expect(finder.licence(of: tree.path + "/p/x/y/z.py", text: "") == "GPL-2.0")
        #expect(finder.licence(of: tree.path + "/p/a/deep/z.py", text: "") == "Unlicense")
        #expect(finder.licence(of: tree.path + "/p/b/z.py", text: "") == nil)
        #expect(finder.licence(of: tree.path + "/p/c/z.py", text: "") == "Apache-2.0 OR MIT")
        #expect(finder.licence(of: tree.path + "/p/d/z.py", text: "") == nil)
        #expect(finder.licence(of: tree.path + "/other.py", text: "") == nil)
        #expect(finder.licence(of: tree.path + "/p/b/z.py", text: "# SPDX-License-Identifier: ISC") == "ISC")
    }
}
