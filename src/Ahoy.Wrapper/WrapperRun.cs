using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Wrapper.Native;
using Ahoy.Wrapper.Programs;
using Ahoy.Wrapper.Relay;

namespace Ahoy.Wrapper;

/// <summary>
/// One attempt, as a list of steps: read the orders, fetch the inputs, start the program, wait for its end, deliver the outputs.
/// Whatever happens in them, <see cref="Run"/> is the one place that says how the attempt ended.
/// </summary>
internal sealed class WrapperRun(WrapperPaths paths, RunEvents events, ProcessScope scope, RetryPolicy retry)
{
    private readonly PhaseReporter _phases = new(paths.Socket, retry);
    private JobState _phase = JobState.Preparing;
    private ProgramEnd? _program;

    /// <summary>Does the attempt, leaves its result for the agent and returns the exit code of the container.</summary>
    public int Run()
    {
        using var file = new ResultFile(paths.Out);
        var result = Decide(file);
        try
        {
            file.Write(result);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            StandardError.WriteLine($"The result could not be written to {paths.Out}: {e.Message}");
            return Verdict.OwnFailure;
        }

        if (result.End is { } end)
            StandardError.WriteLine(end.Message);
        return ExitCodeOf(result);
    }

    private WrapperResult Decide(ResultFile file)
    {
        try
        {
            var result = Perform(file);
            return events.Canceled.IsCancellationRequested ? Verdict.Canceled(_phase, _program) : result;
        }
        catch (OperationCanceledException) when (events.Canceled.IsCancellationRequested)
        {
            return Verdict.Canceled(_phase, _program);
        }
        catch (CannotStartException e)
        {
            return Verdict.CannotStart(e);
        }
        catch (AhoyException e)
        {
            return Verdict.SystemError(_phase, e, _program, null);
        }
        catch (Exception e)
        {
            // A fault of the wrapper itself. The agent must get a result in any case, and the whole trace belongs into the log.
            StandardError.WriteLine(e.ToString());
            return Verdict.SystemError(_phase, new AhoyException(ErrorCode.Internal, $"The wrapper failed: {e.Message}", e), _program, null);
        }
    }

    private WrapperResult Perform(ResultFile file)
    {
        var orders = ReadOrders();
        file.Reserve(orders.Outputs);
        if (orders.Inputs.Count > 0)
            new InputFetcher(paths, retry).FetchAll(orders.Inputs, events.Canceled);
        MakeOutputFolders(orders);
        events.Canceled.ThrowIfCancellationRequested();

        var run = ProgramRun.Start(orders, paths, scope, events);
        EnterPhase(JobState.Running);
        _program = run.WaitForEnd();
        events.Canceled.ThrowIfCancellationRequested();

        if (orders.Outputs.Count == 0)
            return Verdict.Ended(orders, _program, new Delivery([], [], null));
        EnterPhase(JobState.Delivering);
        return Verdict.Ended(orders, _program, new OutputDeliverer(paths, retry).DeliverAll(orders, events.Canceled));
    }

    /// <summary>Programs write "results/out.csv" into a folder that is there where they were written; so it is here.</summary>
    private void MakeOutputFolders(WrapperOrders orders)
    {
        foreach (var folder in orders.Outputs.Select(output => Path.GetDirectoryName(output.Path)).Where(folder => !string.IsNullOrEmpty(folder)).Distinct())
        {
            try
            {
                Directory.CreateDirectory(Path.Combine(paths.Scratch, folder!));
            }
            catch (IOException e)
            {
                throw new AhoyException(ErrorCode.InvalidRequest, $"The folder {folder} of an output can't be made: {e.Message}", e);
            }
        }
    }

    private WrapperOrders ReadOrders()
    {
        try
        {
            var orders = JsonSerializer.Deserialize(File.ReadAllBytes(paths.Orders), AhoyJson.Default.WrapperOrders);
            return orders is { Command.Count: > 0 }
                ? orders
                : throw new AhoyException(ErrorCode.InvalidRequest, $"The orders in {paths.Orders} name no command.");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new AhoyException(ErrorCode.InvalidRequest, $"The orders in {paths.Orders} could not be read: {e.Message}", e);
        }
    }

    private void EnterPhase(JobState phase)
    {
        _phase = phase;
        _phases.Tell(phase);
    }

    private static int ExitCodeOf(WrapperResult result) => result switch
    {
        { State: JobState.Canceled } => Verdict.CanceledCode,
        { End.Cause: EndCause.MemoryLimit or EndCause.WallTimeLimit, ExitCode: 0 } => Verdict.OwnFailure,
        { ExitCode: { } code } when code != 0 || result.State == JobState.Complete => code,
        _ => Verdict.OwnFailure,
    };
}
