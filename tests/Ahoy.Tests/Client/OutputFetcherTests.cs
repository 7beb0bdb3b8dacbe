using System.Security.Cryptography;
using Ahoy.Client.Transfers;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Client;

public sealed class OutputFetcherTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static JobView Job(params OutputFile[] outputs) => new()
    {
        Id = new JobId(1),
        Version = 1,
        Owner = "ada",
        State = JobState.Complete,
        Request = new JobRequest { Image = "i", Command = ["c"] },
        ImageDigest = Digest.Of([]),
        Attempt = 1,
        SubmittedAt = DateTimeOffset.UnixEpoch,
        Outputs = outputs,
    };

    private async Task<IReadOnlyList<string>> FetchAsync(FakeMaster master, JobView job)
    {
        using var api = master.Connect();
        return await new OutputFetcher(api, new Progress<TransferProgress>()).FetchAsync(job, _folder.Path, CancellationToken.None);
    }

    private static OutputFile Output(FakeMaster master, string path, byte[] content, bool executable = false)
    {
        master.Outputs[path] = content;
        return new OutputFile { Path = path, Digest = Digest.Of(content), Size = content.Length, Executable = executable };
    }

    [Fact]
    public async Task Fetch_SeveralOutputs_AreThereExactly()
    {
        await using var master = await FakeMaster.StartAsync();
        var large = RandomNumberGenerator.GetBytes(2_000_000);
        _folder.Write("plots/a.png", "old");

        var paths = await FetchAsync(master, Job(Output(master, "plots/a.png", large), Output(master, "empty", []), Output(master, "tool", [1], executable: true)));

        Assert.Equal(["empty", "plots/a.png", "tool"], _folder.Files());
        Assert.Equal(large, File.ReadAllBytes(Path.Combine(_folder.Path, "plots/a.png")));
        Assert.Equal(3, paths.Count);
        Assert.True(File.GetUnixFileMode(Path.Combine(_folder.Path, "tool")).HasFlag(UnixFileMode.UserExecute));
        Assert.False(File.GetUnixFileMode(Path.Combine(_folder.Path, "empty")).HasFlag(UnixFileMode.UserExecute));
    }

    [Fact]
    public async Task Fetch_OneIsTampered_NoneAppears()
    {
        await using var master = await FakeMaster.StartAsync();
        var good = Output(master, "good", "good"u8.ToArray());
        var bad = Output(master, "bad", "true"u8.ToArray());
        master.Outputs["bad"] = "lies"u8.ToArray();
        _folder.Write("good", "before");

        var error = await Assert.ThrowsAsync<AhoyException>(() => FetchAsync(master, Job(good, bad)));

        Assert.Equal(ErrorCode.DigestMismatch, error.Code);
        Assert.Equal(["good"], _folder.Files());
        Assert.Equal("before", File.ReadAllText(Path.Combine(_folder.Path, "good")));
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b")]
    public async Task Fetch_NameThatLeadsOut_IsRefused(string path)
    {
        await using var master = await FakeMaster.StartAsync();

        await Assert.ThrowsAsync<AhoyException>(() => FetchAsync(master, Job(Output(master, path, [1]))));

        Assert.Empty(master.Calls);
        Assert.Empty(_folder.Files());
    }

    [Fact]
    public async Task Fetch_DirectoryInTheWay_SaysWhatToDo()
    {
        await using var master = await FakeMaster.StartAsync();
        Directory.CreateDirectory(Path.Combine(_folder.Path, "result"));

        var error = await Assert.ThrowsAsync<AhoyException>(() => FetchAsync(master, Job(Output(master, "result", [1]))));

        Assert.Contains("is a directory", error.Message);
    }
}
