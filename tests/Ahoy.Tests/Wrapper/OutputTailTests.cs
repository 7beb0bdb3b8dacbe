using System.Text;
using Ahoy.Wrapper.Programs;

namespace Ahoy.Tests.Wrapper;

public sealed class OutputTailTests
{
    [Fact]
    public void Read_WithoutOutput_IsNull() => Assert.Null(new OutputTail().Read());

    [Fact]
    public void Read_AfterOneHugePiece_HoldsItsEnd() =>
        Assert.Equal(4096, Tail(new string('x', 100_000)).Read()!.Length);

    [Fact]
    public void Read_AfterManyPieces_HoldsWholeLinesOnly()
    {
        var tail = new OutputTail();
        for (var i = 0; i < 1000; i++)
        {
            tail.Add(Encoding.UTF8.GetBytes($"{i:D4}{new string('.', 396)}\n"));
        }

        var lines = tail.Read()!.Split('\n');
        Assert.Equal(10, lines.Length);
        Assert.All(lines, line => Assert.Equal(400, line.Length));
        Assert.StartsWith("0999", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OfBytesThatAreNoText_Replaces() => Assert.Equal("a\ufffdb", Tail([97, 0xff, 98]).Read());

    private static OutputTail Tail(string text) => Tail(Encoding.UTF8.GetBytes(text));

    private static OutputTail Tail(byte[] bytes)
    {
        var tail = new OutputTail();
        tail.Add(bytes);
        return tail;
    }
}
