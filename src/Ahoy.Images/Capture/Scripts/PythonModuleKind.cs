namespace Ahoy.Images.Capture.Scripts;

public enum PythonModuleKind
{
    Source,
    /// <summary>__init__.py; submodules lie beside it.</summary>
    Package,
    /// <summary>A directory without __init__.py.</summary>
    Namespace,
    /// <summary>A shared library.</summary>
    Extension,
}
