using System.Text;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Images;
using Ahoy.Contracts.Jobs;

namespace Ahoy.Tests.Client;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("submit sunspots --memory 1024 -- true", "has no unit")]
    [InlineData("submit sunspots --memory 2X -- true", "is not a unit")]
    [InlineData("submit sunspots --time 90 -- true", "is not a duration")]
    [InlineData("submit sunspots --cpus 0 -- true", "at least 1")]
    [InlineData("submit sunspots --cpus 1.5 -- true", "\"1.5\" is not a number of processors. Write a whole number")]
    [InlineData("submit sunspots --memory 0 -- true", "Write a size such as 512M")]
    [InlineData("submit sunspots --memory 0M -- true", "Write a size such as 512M")]
    [InlineData("submit sunspots --time 0s -- true", "a second at least")]
    [InlineData("submit sunspots --output out/ -- true", "that is a directory")]
    [InlineData("submit sunspots --output results -- true", "that is a directory")]
    [InlineData("submit sunspots --output *.dat -- true", "patterns are not supported")]
    [InlineData("submit --base debian-12 -- ./prog", "ahoy run --detach --base debian-12")]
    [InlineData("submit ./prog x", "ahoy run --detach [options] -- ./prog x")]
    [InlineData("run sunspots --memroy 2G -- true", "There is no option --memroy. Did you mean --memory?")]
    [InlineData("run sunspots --frobnicate -- true", "There is no option --frobnicate. Options of the job's program stand behind --")]
    [InlineData("run --base debian-12 ./prog --fast x", "There is no option --fast.")]
    [InlineData("run --base debian-12 ./prog x", "Put -- before the job's command: ahoy run [options] -- ./prog x")]
    [InlineData("run ./prog", "Put -- before the job's command: ahoy run [options] -- ./prog")]
    [InlineData("run --base debian-12 python3 x.py", "Put -- before the job's command: ahoy run [options] -- python3 x.py")]
    [InlineData("ps --al", "Did you mean --all?")]
    [InlineData("build mine --package jq --verbose --quiet", "contradict")]
    [InlineData("build mine --base debian-12", "--add")]
    [InlineData("submit sunspots --cpus many -- true", "many")]
    [InlineData("submit sunspots --env X -- true", "NAME=VALUE")]
    [InlineData("submit -- true", "Which image?")]
    [InlineData("submit sunspots true", "Put -- before")]
    [InlineData("run", "Run what?")]
    [InlineData("run sunspots --base debian-12 -- true", "are for programs of this machine")]
    [InlineData("show forty-two", "is not a job")]
    [InlineData("show 3-7", "takes one job")]
    [InlineData("wait 7-3", "is not a job")]
    [InlineData("ps --format xml", "text or json")]
    [InlineData("base create debian-12", "--apt")]
    [InlineData("login ftp://example.org --token x", "not a master's address", 1)]
    [InlineData("frobnicate", "frobnicate")]
    [InlineData("token", "command")]
    public async Task WrongUsage_SaysWhatIsWrong_AndExitsWith2(string line, string message, int code = 2)
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        Directory.CreateDirectory(Path.Combine(fixture.Work, "results"));
        master.Images["base/debian-12"] = FakeMaster.Image("debian-12", ImageKind.Base);

        Assert.Equal(code, await fixture.RunAsync(line.Split(' ')));

        Assert.Contains(message, fixture.Error);
        Assert.Empty(master.Submitted);
    }

    [Fact]
    public async Task Query_NotLoggedIn_SaysHowToGetAMaster()
    {
        using var fixture = new CommandLineFixture();

        Assert.Equal(1, await fixture.RunAsync("ps"));

        Assert.Contains("There is no master to talk to. Start one on this machine with `ahoy up`, or log in with `ahoy login URL`.", fixture.Error);
    }

    [Fact]
    public async Task Submit_PrintsTheIdAlone_AndSendsWhatWasAskedFor()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        fixture.Folder.Write("work/data.csv", "1;2");

        var code = await fixture.RunAsync(
            "submit", "sunspots", "--input", "data.csv", "--output", "result.json", "--memory", "512M", "--cpus", "2", "--time", "1h30m",
            "--env", "A=b=c", "--label", "gpu=yes", "--name", "first", "--", "analyse.py", "--input", "@data.csv", "--", "-x");

        Assert.Equal(0, code);
        Assert.Equal("1\n", fixture.Output);
        var request = Assert.Single(master.Submitted);
        Assert.Equal("sunspots", request.Image);
        Assert.Equal(["analyse.py", "--input", "@data.csv", "--", "-x"], request.Command);
        Assert.Equal("data.csv", Assert.Single(request.Inputs).Path);
        Assert.Equal("result.json", Assert.Single(request.Outputs).Path);
        Assert.Equal(new JobResources { Cpus = 2, MemoryBytes = 512L << 20, WallTimeSeconds = 5400 }, request.Resources);
        Assert.Equal("b=c", request.Environment["A"]);
        Assert.Equal("yes", request.Labels["gpu"]);
        Assert.Equal("first", request.Name);
        Assert.Equal("1;2", Encoding.UTF8.GetString(master.Blobs[Digest.Of("1;2"u8)]));
    }

    [Fact]
    public async Task Submit_MissingInput_NamesItAndSubmitsNothing()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);

        Assert.Equal(125, await fixture.RunAsync("submit", "sunspots", "--input", "nothing.csv", "--", "true"));

        Assert.Contains("nothing.csv does not exist", fixture.Error);
        Assert.Empty(master.Submitted);
    }

    [Fact]
    public async Task Submit_MasterIsUnwellForAMoment_RepeatsWithTheSameKey()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        fixture.Folder.Write("work/data.csv", "1;2");
        // The query for missing blobs and the batch go through; the first try of the submission does not.
        master.Refusals.Enqueue(new Problem { Title = "OK", Status = 200, Detail = "", Code = ErrorCode.Internal });
        master.Refusals.Enqueue(new Problem { Title = "OK", Status = 200, Detail = "", Code = ErrorCode.Internal });
        master.Refusals.Enqueue(new Problem { Title = "Unavailable", Status = 503, Detail = "Starting.", Code = ErrorCode.Unavailable, Transient = true });

        Assert.Equal(0, await fixture.RunAsync("submit", "sunspots", "--input", "data.csv", "--", "true"));

        Assert.Equal(2, master.Calls.Count(call => call == "POST /api/v1/jobs"));
        Assert.Single(master.Submitted);
    }

    [Fact]
    public async Task Run_WithImage_ShowsOutputFetchesResultsAndExitsWithTheJobsCode()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        master.Logs["stdout"] = "hello\n"u8.ToArray();
        master.Logs["stderr"] = "oops\n"u8.ToArray();
        master.Outputs["out/result.json"] = "{}"u8.ToArray();
        master.Outcome = job => job with
        {
            State = JobState.Failed,
            Version = 2,
            ExitCode = 3,
            End = new JobEnd { Cause = EndCause.ExitCode, Phase = JobState.Running, ExitCode = 3, Message = "The program exited with 3." },
            Outputs = [new OutputFile { Path = "out/result.json", Digest = Digest.Of("{}"u8), Size = 2 }],
        };

        Assert.Equal(3, await fixture.RunAsync("run", "sunspots", "--output", "out/result.json", "--", "analyse"));

        Assert.Equal("hello\n", fixture.Output);
        Assert.Equal("oops\nahoy: job 1 FAILED (exit_code): The program exited with 3.\n", fixture.Error);
        Assert.Equal("{}", await File.ReadAllTextAsync(Path.Combine(fixture.Work, "out/result.json")));
    }

    [Theory]
    [InlineData("./nothing", 127, "there is no such file")]
    [InlineData("no-such-program-anywhere", 127, "on PATH")]
    [InlineData("./data.csv", 126, "chmod +x")]
    public async Task Run_ProgramCannotStart_ExitsAsAShellWould(string program, int code, string message)
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        fixture.Folder.Write("work/data.csv", "1;2");

        Assert.Equal(code, await fixture.RunAsync("run", "--", program));

        Assert.Contains(message, fixture.Error);
        Assert.Empty(master.Submitted);
    }

    [Fact]
    public async Task Run_SeveralBasesAndNoneNamed_ListsThem()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        master.Images["base/debian-12"] = FakeMaster.Image("debian-12", ImageKind.Base);
        master.Images["base/rocky-9"] = FakeMaster.Image("rocky-9", ImageKind.Base);

        Assert.Equal(125, await fixture.RunAsync("run", "--", "sh"));

        Assert.Contains("debian-12, rocky-9", fixture.Error);
    }

    [Fact]
    public async Task Build_UnknownBase_NamesTheOnesThereAre()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        fixture.Folder.Write("work/tool.sh", "#!/bin/sh\n");
        master.Images["base/debian-12"] = FakeMaster.Image("debian-12", ImageKind.Base);

        Assert.Equal(1, await fixture.RunAsync("build", "mine", "--base", "debian-99", "--add", "tool.sh"));

        Assert.Contains("There is no base image named debian-99.", fixture.Error);
        Assert.Contains("debian-12", fixture.Error);
    }

    [Fact]
    public async Task BaseCreate_NameTaken_SaysSoBeforeAnythingIsMade()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        master.Images["base/debian-12"] = FakeMaster.Image("debian-12", ImageKind.Base);

        Assert.Equal(1, await fixture.RunAsync("base", "create", "debian-12", "--apt", "bookworm"));

        Assert.Contains("ahoy base rm debian-12", fixture.Error);
    }

    [Fact]
    public async Task Ps_AsTextAndAsJson_ListsTheJobs()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        await fixture.RunAsync("submit", "sunspots", "--name", "first", "--", "true");

        Assert.Equal(0, await fixture.RunAsync("ps"));
        Assert.Equal(0, await fixture.RunAsync("ps", "--format", "json"));

        var lines = fixture.Output.Split('\n');
        Assert.Equal(["ID", "NAME", "STATE", "IMAGE", "AGENT", "AGE", "EXIT"], lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(["1", "first", "COMPLETE", "sunspots", "-", "0s", "0"], lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var list = JsonSerializer.Deserialize(string.Join('\n', lines[3..]), AhoyJson.Default.JobList)!;
        Assert.Equal("first", Assert.Single(list.Jobs).Request.Name);
    }

    [Fact]
    public async Task Last_IsTheNewestJob()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        Assert.Equal(1, await fixture.RunAsync("show", "last"));
        Assert.Contains("You have no job yet", fixture.Error);
        await fixture.RunAsync("submit", "one", "--", "true");
        await fixture.RunAsync("submit", "two", "--", "true");

        Assert.Equal(0, await fixture.RunAsync("show", "last"));

        Assert.Contains("Image:       two", fixture.Output);
    }

    [Fact]
    public async Task Wait_ExitsWithTheFirstCodeThatIsNot0()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        await fixture.RunAsync("submit", "one", "--", "true");
        master.Outcome = job => job with { State = JobState.Failed, ExitCode = 7, Version = 2 };
        await fixture.RunAsync("submit", "two", "--", "false");

        Assert.Equal(7, await fixture.RunAsync("wait", "1-2"));
    }

    [Fact]
    public async Task Login_ChecksTheTokenFirst_AndKeepsItPrivate()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture { Input = new StringReader(master.Credentials.Token + "\n") };

        Assert.Equal(0, await fixture.RunAsync("login", master.Credentials.Url));

        Assert.Contains("as ada (user)", fixture.Error);
        var file = Path.Combine(fixture.Context.Paths.Config, "credentials.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(fixture.Context.Paths.Config));
        Assert.Equal(master.Credentials, fixture.Context.Credentials.Stored());
        Assert.Equal(0, await fixture.RunAsync("whoami"));
        Assert.Equal(0, await fixture.RunAsync("logout"));
        Assert.Null(fixture.Context.Credentials.Stored());
    }

    [Fact]
    public async Task Login_TokenRefused_StoresNothing()
    {
        await using var master = await FakeMaster.StartAsync();
        var token = Ahoy.Contracts.Access.AccessToken.TryParse(master.Credentials.Token, out var own) ? own! : throw new InvalidOperationException();
        var other = Ahoy.Contracts.Access.AccessToken.Create("user", token.CaFingerprint);
        using var fixture = new CommandLineFixture { Input = new StringReader(other.Reveal()) };

        Assert.Equal(1, await fixture.RunAsync("login", master.Credentials.Url));

        Assert.Contains("This token is not valid.", fixture.Error);
        Assert.Null(fixture.Context.Credentials.Stored());
    }

    [Fact]
    public async Task Login_AnotherMastersToken_IsNeverSent()
    {
        await using var master = await FakeMaster.StartAsync();
        await using var other = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture { Input = new StringReader(other.Credentials.Token) };

        Assert.Equal(1, await fixture.RunAsync("login", master.Credentials.Url));

        Assert.Contains("is not the master that this token is for", fixture.Error);
        Assert.Empty(master.Calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_WithSomethingPipedToIt_SaysThatTheJobDoesNotGetIt(bool piped)
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master) { HasInput = piped };

        Assert.Equal(0, await fixture.RunAsync("run", "sunspots", "--", "true"));

        Assert.Equal(piped, fixture.Error.Contains("does not reach the program", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_Detached_PrintsTheIdAndReturns()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        master.Outcome = job => job with { State = JobState.Running, Version = 2 };

        Assert.Equal(0, await fixture.RunAsync("run", "--detach", "sunspots", "--", "true"));

        Assert.Equal("1\n", fixture.Output);
    }

    [Fact]
    public async Task Submit_EmptyInputDirectory_IsSaid()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        fixture.Folder.Write("work/data/a.csv", "1");
        Directory.CreateDirectory(Path.Combine(fixture.Work, "data/empty"));

        Assert.Equal(0, await fixture.RunAsync("submit", "sunspots", "--input", "data", "--", "true"));

        Assert.Contains("data/empty is empty", fixture.Error);
    }

    [Fact]
    public async Task ImageRm_OfABase_NamesTheCommandForBases()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        master.Images["base/debian-12"] = FakeMaster.Image("debian-12", ImageKind.Base);

        Assert.Equal(1, await fixture.RunAsync("image", "rm", "debian-12"));

        Assert.Contains("debian-12 is a base image. Remove it with `ahoy base rm debian-12`.", fixture.Error);
        Assert.NotEmpty(master.Images);
    }

    [Fact]
    public async Task ImagePrune_RemovesWhatRunMade_ButNotWhatJobsUse()
    {
        await using var master = await FakeMaster.StartAsync();
        using var fixture = new CommandLineFixture(master);
        string[] names = [$"run-{new string('a', 24)}", $"run-{new string('b', 24)}", "run-of-mine", "sunspots"];
        foreach (var name in names)
        {
            master.Images[$"application/{name}"] = FakeMaster.Image(name, ImageKind.Application);
        }

        master.Outcome = job => job with { State = JobState.Running, Version = 2 };
        await fixture.RunAsync("submit", names[1], "--", "true");

        Assert.Equal(0, await fixture.RunAsync("image", "prune"));

        Assert.Equal(names[1..], master.Images.Values.Select(image => image.Name).Order());
        Assert.Contains("Removed 1 image of", fixture.Error);
    }

    [Fact]
    public async Task Help_OfEveryCommand_HasAnExample()
    {
        using var fixture = new CommandLineFixture();
        foreach (var command in Ahoy.Client.ClientCommands.Create(fixture.Context))
        {
            foreach (var path in command.Subcommands.Count == 0 ? [[command.Name]] : command.Subcommands.Select(sub => new[] { command.Name, sub.Name }))
            {
                var help = new StringWriter();
                Assert.Equal(0, await fixture.RunAsync(help, [.. path, "--help"]));
                Assert.Contains("ahoy " + string.Join(' ', path), help.ToString()[help.ToString().IndexOf("Example", StringComparison.Ordinal)..]);
            }
        }
    }
}
