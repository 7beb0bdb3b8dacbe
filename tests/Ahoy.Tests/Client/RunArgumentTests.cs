namespace Ahoy.Tests.Client;

public sealed class RunArgumentTests
{
    [Theory]
    [InlineData("in.txt", "Add --input in.txt")]
    [InlineData("../other.txt", "Write --input ../other.txt:other.txt")]
    [InlineData("--input in.txt in.txt", null)]
    [InlineData("--input in.txt ./in.txt", null)]
    [InlineData("/etc/passwd", null)]
    [InlineData("absent.txt", null)]
    public async Task Run_ArgumentThatIsAFileHere_SaysHowItTravels(string words, string? advice)
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        fixture.Folder.Write("work/in.txt", "x");
        fixture.Folder.Write("other.txt", "x");
        var parts = words.Split(' ');

        await fixture.RunAsync(["run", .. parts[..^1], "sunspots", "--", "true", parts[^1]]);

        if (advice is null)
            Assert.DoesNotContain("is a file here", fixture.Error);
        else
            Assert.Contains(advice, fixture.Error);
    }
}
