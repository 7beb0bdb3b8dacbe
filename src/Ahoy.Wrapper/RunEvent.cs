namespace Ahoy.Wrapper;

internal readonly record struct RunEvent(RunEventKind Kind, int Signal);
