namespace Ahoy.Images.Capture.Elf;

/// <summary>"Dynamic string tokens" of ld.so(8), and the directories that are built into the linker.</summary>
internal static class LoaderTokens
{
    public static bool UsesOrigin(string entry) =>
        entry.Contains("$ORIGIN", StringComparison.Ordinal) || entry.Contains("${ORIGIN}", StringComparison.Ordinal);

    /// <summary>$LIB was fixed when the C library was built (Debian: lib/x86_64-linux-gnu, others: lib64), so both are tried.</summary>
    public static IEnumerable<string> Expand(string entry, string origin, ushort machine)
    {
        var text = Replace(Replace(entry, "ORIGIN", origin), "PLATFORM", machine == 183 ? "aarch64" : "x86_64");
        var debian = Replace(text, "LIB", $"lib/{Triplet(machine)}");
        yield return debian;
        if (debian != text)
            yield return Replace(text, "LIB", "lib64");
    }

    public static IReadOnlyList<string> DefaultDirectories(ushort machine)
    {
        var triplet = Triplet(machine);
        return [$"/lib/{triplet}", $"/usr/lib/{triplet}", "/lib64", "/usr/lib64", "/lib", "/usr/lib"];
    }

    private static string Triplet(ushort machine) => machine == 183 ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

    private static string Replace(string text, string token, string value) =>
        text.Replace($"${{{token}}}", value, StringComparison.Ordinal).Replace($"${token}", value, StringComparison.Ordinal);
}
