namespace DPT.Engine.Dpt;

/// <summary>How a square is made of a picture: both resize until the shorter side fits and cut out the middle (spec 1.5).</summary>
internal enum ImageCrop
{
    /// <summary>As torchvision does it: bilinear.</summary>
    Middle,

    /// <summary>As ADM, EDM and U-ViT do it: halved by means while the shorter side is twice the square's or more, then bicubic.</summary>
    Adm,
}
