using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;

namespace Ahoy.SystemTests.Runtimes;

/// <summary>An image in memory: a static busybox under the names of its programs, and what a test adds.</summary>
internal sealed class TestImage : IBlobSource
{
    private static readonly string[] Programs =
        ["sh", "cat", "id", "ls", "sleep", "true", "dd", "grep", "pwd", "env", "ip", "touch", "rm", "rmdir", "mkdir", "seq", "chown", "stat", "kill", "mount", "unshare", "hostname", "wc"];

    private readonly Dictionary<Digest, byte[]> _blobs = [];

    public TestImage(params (string Path, string? LinkTarget)[] links)
    {
        var layer = Layer(links);
        var diffId = Put(layer);
        var config = Put(JsonSerializer.SerializeToUtf8Bytes(
            new ImageConfig { Architecture = "amd64", Os = "linux", Created = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), Rootfs = new ImageConfig.RootFileSystem { DiffIds = [diffId] } },
            OciJson.Default.ImageConfig));
        Manifest = Put(JsonSerializer.SerializeToUtf8Bytes(
            new ImageManifest
            {
                Config = new Descriptor { MediaType = MediaTypes.Config, Digest = config, Size = _blobs[config].Length },
                Layers = [new Descriptor { MediaType = MediaTypes.Layer, Digest = diffId, Size = layer.Length }],
            },
            OciJson.Default.ImageManifest));
    }

    public Digest Manifest { get; }

    public IEnumerable<byte[]> Blobs => _blobs.Values;

    /// <summary>How often a blob was read.</summary>
    public int Opened { get; private set; }

    public Task<Stream> OpenAsync(Digest digest, CancellationToken cancellationToken)
    {
        Opened++;
        return Task.FromResult<Stream>(new MemoryStream(_blobs[digest]));
    }

    private Digest Put(byte[] bytes)
    {
        var digest = Digest.Of(bytes);
        _blobs[digest] = bytes;
        return digest;
    }

    private static byte[] Layer((string Path, string? LinkTarget)[] links)
    {
        using var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var directory in new[] { "bin/", "etc/" }.Where(name => links.All(link => link.Path != name.TrimEnd('/'))))
                tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, directory) { Mode = (UnixFileMode)0x1ED });
            using var busybox = File.OpenRead("/bin/busybox");
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "bin/busybox") { Mode = (UnixFileMode)0x1ED, DataStream = busybox });
            foreach (var program in Programs)
                tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, $"bin/{program}") { LinkName = "busybox" });
            foreach (var (path, target) in links)
            {
                if (target is not null)
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, path) { LinkName = target });
                else
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, path) { Mode = (UnixFileMode)0x1A4, DataStream = new MemoryStream(Encoding.UTF8.GetBytes("image\n")) });
            }
        }

        return stream.ToArray();
    }
}
