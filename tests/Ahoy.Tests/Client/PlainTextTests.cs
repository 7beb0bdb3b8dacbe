using Ahoy.Client.Output;

namespace Ahoy.Tests.Client;

public sealed class PlainTextTests
{
    [Fact]
    public void Line_replaces_all_control_characters() => Assert.Equal("a?[31mb??c?d ä", PlainText.Line("a\u001b[31mb\n\u009bc\u007fd ä"));

    [Fact]
    public void Lines_keeps_line_ends_and_tabs() => Assert.Equal("a\n\tb??", PlainText.Lines("a\n\tb\r\u001b"));

    [Fact]
    public void Table_cells_hold_no_control_characters()
    {
        var table = new TextTable("NAME");
        table.Add("x\u001b]0;title\u0007\nfake");
        Assert.Equal("NAME\nx?]0;title??fake\n", table.ToString());
    }
}
