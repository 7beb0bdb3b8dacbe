using System.Text;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Runtimes;
using Ahoy.Testing;

namespace Ahoy.Tests.Agent;

/// <summary>From an order to its end.</summary>
public sealed class AttemptTests
{
    private static readonly WrapperResult Complete = new() { State = JobState.Complete, ExitCode = 0 };

    [Fact]
    public async Task Job_with_inputs_and_outputs_completes_and_leaves_nothing_behind()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var input = new byte[300_000];
        Random.Shared.NextBytes(input);
        var digest = agent.Master.AddBlob(input);
        var output = Encoding.UTF8.GetBytes("result");
        byte[]? seen = null;
        agent.Runtime.ImageEnvironment = ["PATH=/image/bin", "LANG=C.UTF-8"];
        agent.Runtime.Program = async (wrapper, _) =>
        {
            seen = await wrapper.FetchAsync(digest);
            await wrapper.TellAsync(JobState.Running);
            wrapper.Print("stdout", "hello\n");
            wrapper.Print("stderr", "a warning\n");
            await wrapper.TellAsync(JobState.Delivering);
            wrapper.Finish(Complete with { Outputs = [await wrapper.DeliverAsync("result.json", output)] });
            return new ContainerExit { ExitCode = 0 };
        };
        var order = AgentUnderTest.Order(1, new JobRequest
        {
            Image = "debian-12",
            Name = "first",
            Command = ["prog", "x"],
            Inputs = [new JobInput { Path = "data", Digest = digest, Size = input.Length }],
            Outputs = [new JobOutput { Path = "result.json" }],
            Environment = new Dictionary<string, string> { ["LANG"] = "C", ["AHOY_CPUS"] = "99" },
            Resources = new JobResources { Cpus = 2, MemoryBytes = 2L << 30 },
        });

        var end = await agent.RunAsync(order);

        Assert.Equal(JobState.Complete, end.State);
        Assert.Equal(input, seen);
        Assert.Equal(output, agent.Master.Uploads[Digest.Of(output)]);
        Assert.Equal(new OutputFile { Path = "result.json", Digest = Digest.Of(output), Size = output.Length }, Assert.Single(end.Result!.Outputs));
        var attempt = new AttemptId(order.Job, 1);
        Assert.Equal("hello\n", Encoding.UTF8.GetString(agent.Master.Logs[(attempt, LogStream.Stdout)]));
        Assert.Equal("a warning\n", Encoding.UTF8.GetString(agent.Master.Logs[(attempt, LogStream.Stderr)]));
        await agent.CleanAsync();
    }

    [Fact]
    public async Task While_the_image_travels_the_master_hears_how_far_it_is()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var layer = new byte[300_000];
        var digest = agent.Master.AddBlob(layer);
        agent.Runtime.Prepare = async source =>
        {
            source.Expect(layer.Length);
            await using (var blob = await source.OpenAsync(digest, CancellationToken.None))
            {
                await blob.CopyToAsync(Stream.Null);
            }

            await Eventually.TrueAsync(() => Task.FromResult(agent.Master.Reports.Any(report => report.Pull?.Done == layer.Length)), "the master hears that all of the image is there");
        };
        agent.Runtime.Program = (wrapper, _) =>
        {
            wrapper.Finish(Complete);
            return Task.FromResult(new ContainerExit { ExitCode = 0 });
        };

        await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.All(agent.Master.Reports.Where(report => report.Pull is not null), report => Assert.Equal((JobState.Preparing, layer.Length), (report.State, (int)report.Pull!.Total)));
    }

    [Fact]
    public async Task Program_environment_is_the_images_then_the_jobs_then_Ahoys_own()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        WrapperOrders? orders = null;
        agent.Runtime.ImageEnvironment = ["PATH=/image/bin", "LANG=C.UTF-8"];
        agent.Runtime.Program = (wrapper, _) =>
        {
            orders = wrapper.Orders;
            wrapper.Finish(Complete);
            return Task.FromResult(new ContainerExit { ExitCode = 0 });
        };

        await agent.RunAsync(AgentUnderTest.Order(7, new JobRequest
        {
            Image = "i",
            Name = "n",
            Command = ["prog"],
            Environment = new Dictionary<string, string> { ["LANG"] = "C", ["AHOY_CPUS"] = "99" },
            Resources = new JobResources { Cpus = 3, MemoryBytes = 1 << 20 },
        }));

        Assert.Equal(
            new SortedDictionary<string, string>
            {
                ["PATH"] = "/image/bin",
                ["LANG"] = "C",
                ["HOME"] = "/scratch",
                ["TMPDIR"] = "/tmp",
                ["OMP_NUM_THREADS"] = "3",
                ["AHOY_JOB_ID"] = "7",
                ["AHOY_JOB_NAME"] = "n",
                ["AHOY_ATTEMPT"] = "1",
                ["AHOY_CPUS"] = "3",
                ["AHOY_MEMORY"] = "1048576",
                ["AHOY_SITE"] = "host1",
            },
            new SortedDictionary<string, string>(orders!.Environment.ToDictionary()));
        var spec = Assert.Single(agent.Runtime.Started);
        Assert.Equal(["/ahoy/ahoy", "wrapper"], spec.Command);
        Assert.Equal(1 << 20, spec.MemoryBytes);
        Assert.Null(orders.WatchMemoryBytes);
    }

    [Fact]
    public async Task Memory_that_the_host_can_not_enforce_is_watched_by_the_wrapper()
    {
        await using var agent = await AgentUnderTest.CreateAsync();
        agent.Runtime.Status = agent.Runtime.Status with { EnforcesMemory = false, EnforcesPids = false, EnforcementReason = "no cgroup" };
        await agent.StartAsync();
        WrapperOrders? orders = null;
        agent.Runtime.Program = (wrapper, _) =>
        {
            orders = wrapper.Orders;
            wrapper.Finish(Complete);
            return Task.FromResult(new ContainerExit { ExitCode = 0 });
        };

        await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal(JobResources.DefaultMemoryBytes, orders!.WatchMemoryBytes);
        Assert.Equal(4096, orders.WatchProcesses);
        var spec = Assert.Single(agent.Runtime.Started);
        Assert.Null(spec.MemoryBytes);
        Assert.Equal(JobResources.DefaultMemoryBytes, spec.SharedMemoryBytes);
        Assert.Equal("watched: no cgroup", agent.Master.Contacts.First().Capabilities.Enforcement);
    }

    [Fact]
    public async Task Failed_program_keeps_the_wrappers_explanation()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var told = new JobEnd { Cause = EndCause.ExitCode, Phase = JobState.Running, ExitCode = 3, Message = "The program ended with exit code 3.", LastOutput = "boom" };
        agent.Runtime.Program = Ending(new WrapperResult { State = JobState.Failed, ExitCode = 3, End = told }, new ContainerExit { ExitCode = 3 });

        var end = await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal(JobState.Failed, end.State);
        Assert.Equal(told, end.Result!.End);
    }

    [Fact]
    public async Task Kernel_memory_kill_is_told_as_memory_limit_with_peak_and_limit()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var told = new JobEnd { Cause = EndCause.Signal, Phase = JobState.Running, Signal = 9, Message = "The program was killed." };
        agent.Runtime.Program = Ending(
            new WrapperResult { State = JobState.Failed, ExitCode = 137, End = told },
            new ContainerExit { ExitCode = 137, OutOfMemory = true, PeakMemoryBytes = 3L << 29 });

        var end = await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal(JobState.Failed, end.State);
        Assert.Equal(EndCause.MemoryLimit, end.Result!.End!.Cause);
        Assert.Contains("its limit was 1G, its peak 1.5G", end.Result.End.Message);
        Assert.Contains("--memory 2G", end.Result.End.Hint);
        Assert.Equal(3L << 29, end.Result.Use!.PeakMemoryBytes);
    }

    [Fact]
    public async Task Wrapper_that_leaves_no_result_is_a_system_error_that_may_be_tried_again()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.Program = (wrapper, _) =>
        {
            wrapper.Print("stderr", "last words\n");
            return Task.FromResult(new ContainerExit { ExitCode = 125, RuntimeOutput = "no such file" });
        };

        var end = await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal((JobState.SystemError, EndCause.WrapperLost, true), (end.State, end.Result!.End!.Cause, end.Result.Retry));
        Assert.Contains("ended with code 125 and left no result. The runtime said: no such file", end.Result.End.Message);
        Assert.Equal("last words", end.Result.End.LastOutput);
    }

    [Fact]
    public async Task Sigterm_of_the_host_is_not_the_jobs_fault_and_it_may_be_tried_again()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var told = new JobEnd { Cause = EndCause.Canceled, Phase = JobState.Running, Message = "The job was canceled while its program ran." };
        agent.Runtime.Program = Ending(new WrapperResult { State = JobState.Canceled, ExitCode = 0, End = told }, new ContainerExit { ExitCode = 143 });

        var end = await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal((JobState.SystemError, EndCause.HostLost, true), (end.State, end.Result!.End!.Cause, end.Result.Retry));
        Assert.Contains("SIGTERM", end.Result.End.Message, StringComparison.Ordinal);
        Assert.Contains("host1", end.Result.End.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60L * 24 * 3600)]
    [InlineData(long.MaxValue)]
    public async Task Wall_time_longer_than_any_timer_runs(long seconds)
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.Program = async (wrapper, _) =>
        {
            await wrapper.TellAsync(JobState.Running);
            wrapper.Finish(Complete);
            return new ContainerExit { ExitCode = 0 };
        };

        var end = await agent.RunAsync(AgentUnderTest.Order(1, new JobRequest { Image = "i", Command = ["p"], Resources = new JobResources { WallTimeSeconds = seconds } }));

        Assert.Equal(JobState.Complete, end.State);
    }

    [Fact]
    public async Task Output_that_was_never_delivered_is_not_believed()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.Program = Ending(
            Complete with { Outputs = [new OutputFile { Path = "result", Digest = Digest.Of([5]), Size = 1 }] }, new ContainerExit { ExitCode = 0 });

        var end = await agent.RunAsync(AgentUnderTest.Order(1, new JobRequest { Image = "i", Command = ["p"], Outputs = [new JobOutput { Path = "result" }] }));

        Assert.Equal((JobState.SystemError, EndCause.WrapperLost), (end.State, end.Result!.End!.Cause));
        Assert.Contains("result is said to be delivered", end.Result.End.Message);
    }

    [Fact]
    public async Task Links_in_the_out_folder_are_not_followed()
    {
        var secret = Path.GetTempFileName();
        await File.WriteAllTextAsync(secret, """{"state":"COMPLETE","exitCode":0}""", AgentUnderTest.Canceled);
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.Program = (wrapper, _) =>
        {
            File.CreateSymbolicLink(Path.Combine(wrapper.Out, "result.json"), secret);
            File.CreateSymbolicLink(Path.Combine(wrapper.Out, "stdout"), secret);
            return Task.FromResult(new ContainerExit { ExitCode = 0 });
        };

        var end = await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal(EndCause.WrapperLost, end.Result!.End!.Cause);
        Assert.Contains("is not a regular file", end.Result.End.Message);
        Assert.Empty(agent.Master.Logs);
        File.Delete(secret);
    }

    [Fact]
    public async Task Refused_user_reads_why()
    {
        await using var agent = await AgentUnderTest.CreateAsync();
        agent.Options = agent.Options with { AllowedUsers = ["bob"] };
        await agent.StartAsync();

        var end = await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal((JobState.SystemError, EndCause.RefusedBySite, false), (end.State, end.Result!.End!.Cause, end.Result.Retry));
        Assert.Contains("does not run jobs of user alice", end.Result.End.Message);
        Assert.Empty(agent.Runtime.Started);
        await agent.CleanAsync();
    }

    [Theory]
    [InlineData(ErrorCode.DiskFull, false, EndCause.DiskFull, true)]
    [InlineData(ErrorCode.UnsafeArchive, false, EndCause.ImageFailed, false)]
    [InlineData(ErrorCode.Unavailable, true, EndCause.ImageFailed, true)]
    public async Task Image_that_can_not_be_prepared_is_a_system_error(ErrorCode code, bool transient, EndCause cause, bool retry)
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        agent.Runtime.Prepare = _ => throw new AhoyException(code, "it went wrong", transient: transient);

        var end = await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal((JobState.SystemError, cause, retry), (end.State, end.Result!.End!.Cause, end.Result.Retry));
        Assert.Contains("it went wrong", end.Result.End.Message);
        await agent.CleanAsync();
    }

    [Fact]
    public async Task Hundred_thousand_outputs_are_read_and_told()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var paths = Enumerable.Range(0, 100_000).Select(number => $"results/a-name-of-a-usual-length-{number}.dat").ToList();
        agent.Runtime.Program = async (wrapper, _) =>
        {
            var one = await wrapper.DeliverAsync(paths[0], [1]);
            wrapper.Finish(Complete with { Outputs = [.. paths.Select(path => one with { Path = path })] });
            return new ContainerExit { ExitCode = 0 };
        };

        var end = await agent.RunAsync(AgentUnderTest.Order(1, new JobRequest { Image = "i", Command = ["p"], Outputs = [.. paths.Select(path => new JobOutput { Path = path })] }));

        Assert.True(end.State == JobState.Complete, end.Result!.End?.Message);
        Assert.Equal(100_000, end.Result!.Outputs.Count);
    }

    [Fact]
    public async Task Broken_downloads_go_on_where_they_stood()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var bytes = new byte[1_000_000];
        Random.Shared.NextBytes(bytes);
        var digest = agent.Master.AddBlob(bytes);
        agent.Master.CutBlobs(3);
        var read = new MemoryStream();
        agent.Runtime.Prepare = async source =>
        {
            await using var stream = await source.OpenAsync(digest, AgentUnderTest.Canceled);
            await stream.CopyToAsync(read, AgentUnderTest.Canceled);
        };
        agent.Runtime.Program = Ending(Complete, new ContainerExit { ExitCode = 0 });

        var end = await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal(JobState.Complete, end.State);
        Assert.Equal(bytes, read.ToArray());
    }

    [Fact]
    public async Task Long_logs_arrive_whole_before_the_end()
    {
        await using var agent = await AgentUnderTest.StartedAsync();
        var text = string.Concat(Enumerable.Range(0, 400_000).Select(line => $"{line}\n"));
        agent.Runtime.Program = (wrapper, _) =>
        {
            wrapper.Print("stdout", text);
            wrapper.Finish(Complete);
            return Task.FromResult(new ContainerExit { ExitCode = 0 });
        };

        var end = await agent.RunAsync(AgentUnderTest.Order(1));

        Assert.Equal(JobState.Complete, end.State);
        Assert.Equal(text, Encoding.UTF8.GetString(agent.Master.Logs[(new AttemptId(new JobId(1), 1), LogStream.Stdout)]));
    }

    internal static Func<WrapperScript, CancellationToken, Task<ContainerExit>> Ending(WrapperResult result, ContainerExit exit) => (wrapper, _) =>
    {
        wrapper.Finish(result);
        return Task.FromResult(exit);
    };
}
