using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Jobs;
using Ahoy.Contracts.Relay;
using Ahoy.Testing;
using Ahoy.Wrapper;

namespace Ahoy.Tests.Wrapper;

public sealed class ResultFileTests : IDisposable
{
    private const string Forged = """{"state":"COMPLETE","exitCode":0}""";

    private readonly TempDirectory _out = new();

    private string Final => _out.Below(WrapperOrders.ResultFileName);
    private string Reserved => Final + ".tmp";

    public void Dispose() => _out.Dispose();

    [Fact]
    public void Write_AfterTheProgramPutItsOwnFileThere_IsStillTheWrappersResult()
    {
        using var file = Reserve();
        File.Delete(Reserved);
        File.WriteAllText(Reserved, Forged);

        Assert.Equal(7, Written(file).ExitCode);
    }

    [Fact]
    public void Write_AfterTheProgramMovedTheReservedFileAway_IsStillTheWrappersResult()
    {
        using var file = Reserve();
        File.Move(Reserved, _out.Below("elsewhere"));
        File.WriteAllText(Reserved, Forged);

        Assert.Equal(7, Written(file).ExitCode);
    }

    [Fact]
    public void Write_AfterTheProgramRemovedTheReservedFile_IsThere()
    {
        using var file = Reserve();
        File.Delete(Reserved);

        Assert.Equal(7, Written(file).ExitCode);
    }

    private ResultFile Reserve()
    {
        var file = new ResultFile(_out.Path);
        file.Reserve([]);
        return file;
    }

    private WrapperResult Written(ResultFile file)
    {
        file.Write(new WrapperResult { State = JobState.Failed, ExitCode = 7 });
        return JsonSerializer.Deserialize(File.ReadAllBytes(Final), AhoyJson.Default.WrapperResult)!;
    }
}
