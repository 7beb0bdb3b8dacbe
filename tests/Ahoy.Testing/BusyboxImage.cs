using System.Formats.Tar;
using System.Text;
using Ahoy.Contracts;

namespace Ahoy.Testing;

/// <summary>
/// A small image made by hand: an OCI image layout (OCI image specification 1.1, image-layout.md) with Debian's static busybox,
/// links for its commands, and the few files that programs look for. Real enough to run shell scripts, made in milliseconds.
/// </summary>
public static class BusyboxImage
{
    public const string Program = "/bin/busybox";
    public const string MissingReason = $"{Program} is missing (Debian: busybox-static).";

    private static readonly string[] Commands =
        ["sh", "true", "false", "cat", "echo", "sleep", "ls", "cp", "mkdir", "head", "dd", "id", "env", "kill", "test", "tr", "wc", "sha256sum", "printf", "grep", "mount", "ps", "yes", "touch", "rm", "ln", "hostname"];

    public static bool Available => File.Exists(Program);

    /// <summary>Writes the layout into <paramref name="directory"/>, which it makes.</summary>
    public static void Write(string directory) => Write(directory, _ => { });

    /// <summary>As <see cref="Write(string)"/>; <paramref name="more"/> adds entries to the layer, honest or not.</summary>
    public static void Write(string directory, Action<TarWriter> more)
    {
        Directory.CreateDirectory(Path.Combine(directory, "blobs", "sha256"));
        var layer = AddBlob(directory, Layer(more));
        var config = AddText(directory, $$$"""
            {"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/local/bin:/usr/bin:/bin"]},"rootfs":{"type":"layers","diff_ids":["{{{layer.Digest}}}"]}}
            """);
        var manifest = AddText(directory, $$$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{{config.Digest}}}","size":{{{config.Size}}}},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{{layer.Digest}}}","size":{{{layer.Size}}}}]}
            """);
        File.WriteAllText(Path.Combine(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        File.WriteAllText(Path.Combine(directory, "index.json"), $$$"""
            {"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{{manifest.Digest}}}","size":{{{manifest.Size}}}}]}
            """);
    }

    private static byte[] Layer(Action<TarWriter> more)
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var name in new[] { "bin/", "dev/", "etc/", "proc/", "sys/", "root/", "usr/", "usr/bin/" })
                tar.WriteEntry(Entry(TarEntryType.Directory, name, "755"));
            tar.WriteEntry(Entry(TarEntryType.Directory, "tmp/", "1777"));
            Add(tar, "bin/busybox", "755", File.ReadAllBytes(Program));
            foreach (var command in Commands)
            {
                var link = Entry(TarEntryType.SymbolicLink, "bin/" + command, "777");
                link.LinkName = "busybox";
                tar.WriteEntry(link);
            }

            Add(tar, "etc/passwd", "644", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n"u8.ToArray());
            Add(tar, "etc/group", "644", "root:x:0:\nuser:x:1000:\n"u8.ToArray());
            Add(tar, "etc/os-release", "644", "ID=busybox\nVERSION_ID=1\nPRETTY_NAME=\"Busybox of the tests\"\n"u8.ToArray());
            more(tar);
        }

        return bytes.ToArray();
    }

    private static PaxTarEntry Entry(TarEntryType type, string name, string mode) =>
        new(type, name) { Mode = (UnixFileMode)Convert.ToInt32(mode, 8), ModificationTime = DateTimeOffset.UnixEpoch };

    private static void Add(TarWriter tar, string name, string mode, byte[] content)
    {
        var entry = Entry(TarEntryType.RegularFile, name, mode);
        entry.DataStream = new MemoryStream(content);
        tar.WriteEntry(entry);
    }

    private static (Digest Digest, int Size) AddText(string directory, string text) => AddBlob(directory, Encoding.UTF8.GetBytes(text.Trim()));

    private static (Digest Digest, int Size) AddBlob(string directory, byte[] bytes)
    {
        var digest = Digest.Of(bytes);
        File.WriteAllBytes(Path.Combine(directory, "blobs", "sha256", digest.Hex), bytes);
        return (digest, bytes.Length);
    }
}
