namespace Ahoy.Wrapper;

internal enum RunEventKind
{
    Signal,
    ProgramEnded,
}
