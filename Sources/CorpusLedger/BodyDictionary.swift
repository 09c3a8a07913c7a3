import CorpusText
import Foundation

/// What the bodies of a ledger have in common, said once: what a page of text takes less room by, and half the time.
///
/// Trained by zstd's own trainer on bodies of runs and on pages of this project's own documents; see decision 34. It is part of the
/// format: bodies that were written with it cannot be read without it.
package enum BodyDictionary {
    static let shared = ZstdDictionary(
        Array(Data(base64Encoded: text, options: .ignoreUnknownCharacters) ?? Data())
    )

    /// What a body says.
    ///
    /// - Throws: ``CorruptStream``.
    package static func content(of body: [UInt8]) throws -> [UInt8] { try shared.decompress(body) }

    private static let text = """
        N6Qw7Mu/BjU8ELAjbTowDMMwDMMwDMPA/YNj9lHbu7qt7LW6/YlsawnVDlAwVDVqaqjCRtsYEUKIZq/9SeC/aBBsECweswAYDBST
        jOZiMa01AASAwKQxnNGFMmEgSIIYRVEUZAxyiBgDCIAxMCIyIKMBAADUDgZExKlEoGZRkGMKMYSGRAAAAAAAAQAAAAQAAAAIAAAA
        cmV0dXJuIHNvcnRlZChzaXplcywgcmV2ZXJzZT1UcnVlKVxuIyB3cm9uZzogaW4gb3JkZXIgb2YgYXBwZWFyYW5jZVxuZGVmIHBp
        ZWNlX3NpemVzKHF1aWx0KTpcbiAgICBjZWxscyA9IHsoeSwgeCk6IGNvbG91ciBmb3IgeSwgcm93IGluIGVudW1lcmF0ZShxdWls
        dCkgZm9yIHgsIGNvbG91ciBpbiBlbnVtZXJhdGUocm93KX1cbiAgICBzaXplcyA9IFtdXG4gICAgd2hpbGUgY2VsbHM6XG4gICAg
        ICAgIHN0YXJ0ID0gbWluKGNlbGxzKVxuICAgICAgICBjb2xvdXIsIHRvZG8sIHNpemUgPSBjZWxscy5wb3Aoc3RhcnQpLCBbc3Rh
        cnRdLCAwXG4gICAgICAgIHdoaWxlIHRvZG86XG4gICAgICAgIG9kZWwiOiJtIiwidGVtcGVyYXR1cmUiOjAuN317Im1heF90b2tl
        bnMiOjEyMCwibWVzc2FnZXMiOlt7ImNvbnRlbnQiOiJOYW1lIHRoZSB0b3BpY3Mgb2YgYSBwcm9ncmFtbWluZyB0YXNrOiB0aGUg
        ZmllbGRzIG9mIGtub3dsZWRnZSB0aGF0IHNvbHZpbmcgaXQgdGFrZXMsIHRoZSBvbmUgdGhhdCBpdCB0YWtlcyBtb3N0IGZpcnN0
        LlxuXG5OYW1lIG9uZS4gVXNlIG9uZSB0byBmb3VyIHdvcmRzIGZvciBlYWNoLCBzdWNoXG5hcyBhIHRleHRib29rIGhhcyBmb3Ig
        Y2hhcHRlciB0aXRsZXM6IGBzdHJpbmcgcHJvY2Vzc2luZ2AsIGBiaW5hcnkgc2VhcmNoYCwgYGh0dHAgY2xpZW50c2AuIEJlIG5l
        aXRoZXIgYXMgYnJvYWQgYXMgYHByb2dyYW1taW5nYFxubm9yIGFzIG5hcnJvdyBhcyB0aGUgdGFzayBpdHNlbGYuXG5cbjx0YXNr
        PlxuVGhlIGxpc3Qgb2YgZGljdGlvbmFyaWVzLCB3aGljaCBpcyBub3QgZW1wdHkgYW5kIGNhbiBjb250YWluIGFuIGVtcHR5IGxp
        c3QsIGlzIHRoZSBrZXkgdG8gdGhlIHB1enpsZS4gVGhlIGtleSBpcyB0byBjcmVhdCB0aGUgbGlzdC4gQW4gZW1wdHkgbGlzdCBn
        aXZlcyBOb25lLlxuXG5Tb2x1dGlvbjpcbmBgYHB5dGhvblxuZGVmIGZhdm91cml0ZSh3b3Jkcyk6XG4gICAgdGFsbHkgPSB7fVxu
        ICAgIGZvciB3b3JkIGluIHdvcmRzOlxuICAgICAgICB0YWxseVt3b3JkXSA9IHRhbGx5LmdldCh3b3JkLCAwKSArIDFcbiAgICBy
        ZXR1cm4gbWF4KHRhbGx5LCBrZXk9dGFsbHkuZ2V0KSBpZiB0YWxseSBlbHNlIE5vbmVcbmBgYCIsInJvbGUiOiJhc3Npc3RhbnQi
        fSx7ImNvbnRlbnQiOiJJbnZlbnQgYSBQeXRob24gZXhlcmNpc2UgdGhhdCB0aGlzIGNvZGUgY291bGQgYmUgcGFydCBvZiwgdGhl
        biBzb2x2ZSBpdC5cbmBgYHB5dGhvblxuIyB3cm9uZzogdGFrZXMgd2hhdCB0aGVyZSBpc1xuZGVmIHB1cnNlX2FmdGVyKG5vdGVz
        KTpcbiAgICBjb2lucywgZG9uZSA9IDAsIFtdXG4gICAgZm9yIG5vdGUgaW4gbm90ZXM6XG4gICAgICAgIHdvcmQsIF8sIG51bWJl
        ciA9IG5vdGUucGFydGl0aW9uKFwiIFwiKVxuICAgICAgICBpZiB3b3JkID09IFwidW5kb1wiOlxuICAgIFstNywzXSwiZXhwZWN0
        IjozfSx7ImFyZ3MiOlstMywyXSwiZXhwZWN0IjoyfV0sImNvbXBhcmUiOiJleGFjdCIsImVudHJ5X3BvaW50IjoidGFsbGVyIiwi
        a2luZCI6ImNhbGwifX17Im1heF90b2tlbnMiOjEyMCwibWVzc2FnZXMiOlt7ImNvbnRlbnQiOiJTYXkgaG93IGRpZmZpY3VsdCBh
        IHByb2dyYW1taW5nIHRhc2sgaXMgZm9yIHBlb3BsZSB3aG8gd29yayBvbiBpdHMgdG9waWMsIG9uIGEgc2NhbGUgZnJvbSAxIHRv
        IDEwLlxuXG5Ub3BpYzogc3RyaW5nIHByb2Nlc3NpbmdcblxuVGhlc2UgdGFza3MsIG9mIHRoYXQgdG9waWMsIHNob3cgd2hhdCB0
        aGUgbGV2ZWxzIG1lYW4uIENvbXBhcmUgd2l0aGluIHRoZSB0b3BpYzogd2hhdCBpc1xucm91dGluZSB0aGVyZSBpcyBlYXN5LCBl
        dmVuIHdoZW4gb3V0c2lkZXJzIGZpbmQgaXQgaGFyZC5cblxuTGV2ZWwgMiwgYSBmZXcgbWludXRlcywgdGhlIHN0ZXBzIGFyZSBn
        aXZlbiBieSB0aGUgd29yZGluZzpcbi0gQ291bnQgaG93IG1hbnkgd29yZHMgb2YgYSB0ZXh0IHN0YXJ0IHdpdGggYSBjYXBpdCB0
        aGUgYmxhbmsgbGluZXMgYmV0d2VlbiBwYXJhZ3JhcGhzLlxuXG5MZXZlbCA4LCBuZWVkcyBhbiBpZGVhIHRoYXQgaXMgbm90IGlu
        IHRoZSB3b3JkaW5nLCBhbmQgYSBwcm9vZiBvciBtZWFzdXJlbWVudCB0aGF0IGl0IGhvbGRzOlxuLSBGaW5kIHRoZSBsb25nZXN0
        IHN0cmV0Y2ggdGhhdCBvY2N1cnMgdHdpY2UgaW4gYSB0ZXh0IG9mIGEgbWlsbGlvbiBsZXR0ZXJzLCBpbiBjbG9zZSB0byBsaW5l
        YXIgdGltZS5cblxuSnVkZ2UgdGhlIHRhc2sgYXMgaXQgaXMgd29yZGVkLCBub3QgaXRzIGxlbmd0aCBhbmQgbm90IGl0cyBzdHls
        ZS5cblxuPHRhc2s+XG5UaGlzIGlzIGEgUHl0aG9uIGZ1bmN0aW9uIHRoYXQgcmV0dXJucyB0aGUgbGFyZ2VzdCBzdW0gb2YgbnVt
        YmVycyB0aGF0IGNhbiBiZSBmb3JtZWQgdXNpbmcgYSByZWN1cnNpdmUgZnVuY3Rpb24gd2l0aCBhIGxvb3AuXG48L3Rhc2s+XG5c
        blJlcGx5IHdpdGggb25lIEpTT04gb2JqZWN0IGFuZCBub3RoaW5nIGVsc2U6IHtcInNjb3JlXCI6IGEgd2hvbGUgbnVtYmVyIGZy
        b20gMSB0byAxMFwiOiBbLTQsIDhdfV0sIFwiY29tcGFyZVwiOiBcImV4YWN0XCJ9LCBcImxhYmVsc1wiOiB7XCJsYW5ndWFnZVwi
        OiBcInB5dGhvblwiLCBcImRpZmZpY3VsdHlcIjogXCJlYXN5XCIsIFwidG9waWNcIjogXCJsaXN0c1wifX1cbntcImlkXCI6IFwi
        cHlmLTAxOFwiLCBcImluc3RydWN0aW9uXCI6IFwiUmV0dXJuIGEgbGlzdCB3aXRoIGVhY2ggd29yZCBpbiBjYXBpdGFsIGxldHRl
        cnMuXCIsIFwic2lnbmF0dXJlXCI6IFwiZGVmIGxvdWRfd29yZHMod29yZHMpOlwiLCBcImV4YW1wbGVcIjogXCJsb3VkX3dvcmRz
        KFsndXAnLCAnb24nXSkgLT4gWydVUCcsICdPTiddXCIsIFwiZW50cnlfcG9pbnRcIjogXCJsb3VkX3dvcmRzXCIsIFwidGVzdHNc
        Ijoge1wia2luZFwiOiBcImNhbGxcIiwgXCJlbnRyeV9wb2ludFwiOiBcImxvdWRfd29yZHNcIiwgXCJjYXNlc1wiOiBbe1wiYXJn
        c1wiOiBbW1wicmVkXCIsIFwiSG90XCJdXSwgXCJleHBlY3RcIjogW1wiUkVEXCIsIFwiSE9UXCJdfSwge1wiYXJnc1wiOiBbW11d
        LCBcImV4cGVjdFwiOiBbXX0sIHtcInJvbGUiOiJhc3Npc3RhbnQifV19eyJtYXhfdG9rZW5zIjozMDAsIm1lc3NhZ2VzIjpbeyJj
        b250ZW50IjoiWW91IHdyaXRlIHByb2dyYW1taW5nIGV4ZXJjaXNlcy4gQW4gZXhlcmNpc2Ugc3RhbmRzIGJ5IGl0c2VsZjogd2hv
        ZXZlciByZWFkcyBpdCBzZWVzIG5vdGhpbmcgZWxzZS4iLCJyb2xlIjoic3lzdGVtIn0seyJjb250ZW50IjoiSW52ZW50IGEgUHl0
        aG9uIGV4ZXJjaXNlIHRoYXQgdGhpcyBjb2RlIGNvdWxkIGJlIHBhcnQgb2YsIHRoZW4gc29sdmUgaXQuXG5gYGBweXRob25cbnRh
        bGx5W3dvcmRdID0gdGFsbHkuZ2V0KHdvcmQsIDApICsgMVxuYGBgIiwicm9sZSI6InVzZXIifSx7ImNvbnRlbnQiOiJQcm9ibGVt
        OlxuV3JpdGUgYSBmdW5jdGlvbiBgZmF2b3VyaXRlKHdvcmRzKWAgdGhhdCByZXR1cm5zIHRoZSB3b3JkIHdoaWNoIHR1cm5zIHVw
        IG1vc3Qgb2Z0ZW4gaW4gYSBsaXN0LiBXaGVuIHNldmVyYWwgd29yZHMgdHVybiB1cCBlcXVhbGx5IG9mdGVuLCByZXR1cm4gdGhl
        IG9uZSB0aGF0IGNvbWVzIGZpcnN0IGluIHRoZSBsaXN0LiIsInJvbGUiOiJ1c2VyIn1dLCJtb2RlbCI6InNtb2xsbTItMTM1bUBi
        MTc5Yzk1MjNkMGUiLCJyZXBldGl0aW9uIjowLCJzY2hlbWEiOnsiYWRkaXRpb25hbFByb3BlcnRpZXMiOmZhbHNlLCJwcm9wZXJ0
        aWVzIjp7InJlYXNvbiI6eyJtYXhMZW5ndGgiOjE2MCwidHlwZSI6InN0cmluZyJ9LCJzY29yZSI6eyJtYXhpbXVtIjoxMCwibWlu
        aW11bSI6MSwidHlwZSI6ImludGVnZXIifX0sInJlcXVpcmVkIjpbInNjb3JlIiwicmVhc29uIl0sInR5cGUiOiJvYmplY3QifSwi
        c2VlZCI6Mjc2NjE4NDMxLCJzdG9wIjpbXSwidGVtcGVyYXR1cmUiOjAuMCwidG9wX3AiOm51bGx9eyJyZWFzb25pbmciOm51bGws
        InRleHQiOiJgYGBweXRob25cbmRlZiB0aW1lc19pdHNlbGYobnVtYmVyKTpcbg==
        """
}
