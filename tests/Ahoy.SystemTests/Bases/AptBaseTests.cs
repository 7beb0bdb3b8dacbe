using Ahoy.Contracts;
using Ahoy.Images.Bases;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Bases;

/// <summary>Real images of Debian, from a real archive. Each takes about half a minute.</summary>
public sealed class AptBaseTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ahoy.").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Create_RootAndOrdinaryUser_GiveTheSameWorkingImage()
    {
        Need(ProgramRunner.Find("mmdebstrap") is not null, "mmdebstrap is not installed");
        Need(Environment.UserName != "root" || OrdinaryUser() is not null, "no ordinary user has a range of ids in /etc/subuid");
        var request = new AptBaseRequest { Suite = "bookworm", Packages = ["ca-certificates"] };

        var layout = await AptBase.CreateAsync(request, Path.Combine(_directory, "one"), _ => { }, Token);
        var again = OrdinaryUser() is { } user && Environment.UserName == "root"
            ? await CreateAsAsync(user, request)
            : (await AptBase.CreateAsync(request, Path.Combine(_directory, "two"), _ => { }, Token)).Blobs[0].Digest;

        Assert.Equal(layout.Blobs[0].Digest, again);
        var inspected = await ImageInspector.InspectAsync(layout.Manifest, new BlobStore(layout.Directory), Token);
        Assert.Equal(("debian", "12"), (inspected.Contents.OsId, inspected.Contents.OsVersion));
        Assert.Contains("apt", inspected.Contents.Packages.Keys);
        Assert.Contains("ca-certificates", inspected.Contents.Packages.Keys);
        Assert.Contains("/etc/ssl/certs/ca-certificates.crt", inspected.Contents.Files);
        Assert.Equal("usr/lib", inspected.Contents.DirectoryLinks["/lib"]);
        Assert.DoesNotContain(inspected.Contents.Files, file => file.StartsWith("/var/log/", StringComparison.Ordinal) || file.StartsWith("/var/lib/apt/lists/deb", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_UnknownPackage_SaysWhichAndLeavesNothing()
    {
        Need(ProgramRunner.Find("mmdebstrap") is not null, "mmdebstrap is not installed");
        var temporary = TemporaryDirectory();

        var error = await Assert.ThrowsAsync<AhoyException>(() => AptBase.CreateAsync(
            new AptBaseRequest { Suite = "bookworm", Packages = ["no-such-package"] }, Path.Combine(_directory, "out"), temporary, _ => { }, Token));

        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.Contains("no-such-package", error.Message);
        Assert.Empty(Directory.GetFileSystemEntries(temporary));
        Assert.False(Directory.Exists(Path.Combine(_directory, "out")));
    }

    [Fact]
    public async Task Create_Canceled_LeavesNothing()
    {
        Need(ProgramRunner.Find("mmdebstrap") is not null, "mmdebstrap is not installed");
        var temporary = TemporaryDirectory();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AptBase.CreateAsync(
            new AptBaseRequest { Suite = "bookworm" }, Path.Combine(_directory, "out"), temporary, CancelWhenInstalling, cancel.Token));

        Assert.Empty(Directory.GetFileSystemEntries(temporary));

        void CancelWhenInstalling(string line)
        {
            if (line.Contains("installing", StringComparison.OrdinalIgnoreCase) || line.Contains("extracting", StringComparison.OrdinalIgnoreCase))
                cancel.Cancel();
        }
    }

    [Fact]
    public async Task Create_UnknownSuite_SaysSo()
    {
        Need(ProgramRunner.Find("mmdebstrap") is not null, "mmdebstrap is not installed");
        var error = await Assert.ThrowsAsync<AhoyException>(() => AptBase.CreateAsync(
            new AptBaseRequest { Suite = "bookwurm" }, Path.Combine(_directory, "out"), _ => { }, Token));
        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.Contains("bookwurm", error.Message);
    }

    /// <summary>Runs the same program with the same arguments as an ordinary user does.</summary>
    private async Task<Digest> CreateAsAsync(string user, AptBaseRequest request)
    {
        using var client = new HttpClient();
        var archive = await AptArchive.FindAsync(request, AptSource.OfHost(), client, Token);
        var work = Directory.CreateDirectory(Path.Combine(_directory, "work")).FullName;
        foreach (var directory in new[] { _directory, work })
            File.SetUnixFileMode(directory, (UnixFileMode)0b111_101_101);
        await ProgramRunner.RunAsync(new ProgramCall { Program = "chown", Arguments = [user, work] }, Token);
        var call = Mmdebstrap.Call(request, archive, root: false, work, Path.Combine(work, "base.tar"));
        await ProgramRunner.RunAsync(call with
        {
            Program = "setpriv",
            Arguments = [$"--reuid={user}", $"--regid={user}", "--init-groups", ProgramRunner.Find(call.Program)!, .. call.Arguments],
            Environment = new Dictionary<string, string?>(call.Environment) { ["HOME"] = work, ["USER"] = user },
        }, Token);
        await using var tar = File.OpenRead(Path.Combine(work, "base.tar"));
        return await Digest.OfAsync(tar, Token);
    }

    private static string? OrdinaryUser() =>
        File.Exists("/etc/subuid") ? File.ReadLines("/etc/subuid").Select(line => line.Split(':')[0]).FirstOrDefault(name => name is not ("" or "root")) : null;

    private string TemporaryDirectory()
    {
        File.SetUnixFileMode(_directory, (UnixFileMode)0b111_101_101);
        return Directory.CreateDirectory(Path.Combine(_directory, "tmp")).FullName;
    }

    private static void Need(bool condition, string reason)
    {
        Require.That(condition, reason);
        Assert.SkipUnless(condition, reason);
    }
}
