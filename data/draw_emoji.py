"""Draw ``emoji.png``: pictures of CIFAR-10's ten classes, out of a font of emoji.

    python data/draw_emoji.py NotoColorEmoji.ttf

The font is Google's Noto Color Emoji 2.042; Debian's package fonts-noto-color-emoji has it.
Writes ``emoji.png`` beside this file: one row a class, in CIFAR-10's order. The last two
pictures of a row are kept for test pictures. Needs a Pillow with Raqm, which joins the
characters of the black cat and of the service dog to one picture.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

SIZE = 48  # rows and columns of a picture in the file
BLACK_CAT, SERVICE_DOG = "🐈\u200d\u2b1b", "🐕\u200d🦺"

# Each picture: which emoji, how much of its colour and of its brightness is left, and
# whether it is blurred. Photographs are less colourful than emoji, animals above all.
PICTURES = [
    "✈ 0.7 1, 🛩 1 1, 🛩 0.2 0.8, 🛬 1 0.9, 🛫 1 1, ✈ 0.3 0.9",
    "🚗 1 0.7, 🚘 1 0.9, 🚖 1 1, 🚓 0.5 0.6, 🚙 1 0.6, 🚔 1 0.7",
    "🐦 0.3 0.6, 🦜 0.7 0.7, 🐧 1 0.6, 🦆 0.5 0.5, 🦩 1 0.7, 🐓 1 0.7",
    "😹 1 0.5, 🙀 0.5 0.7 blurred, 😻 0.5 0.4 blurred, 🐱 0.5 0.4 blurred, "
    "BLACK_CAT 0.5 0.8 blurred, 🐈 0.1 0.7 blurred",
    "🦌 1 0.6, 🦌 0.7 0.5, 🦌 0.5 0.7, 🫎 1 0.5, 🦌 1 0.4, 🫎 0.7 0.4",
    "🐶 1 0.9, 🐕 1 0.9, 🐕 0.5 0.6, 🐩 1 0.9, 🐶 0.6 0.7, SERVICE_DOG 0.3 0.8",
    "🐸 0.7 0.5, 🐸 0.5 0.6, 🐸 0.4 0.7 blurred, 🐸 0.6 0.6 blurred, "
    "🐸 0.7 0.7, 🐸 0.9 0.6",
    "🐴 1 0.5, 🎠 1 0.4, 🐎 1 0.4, 🐴 0.7 0.4, 🏇 0.7 0.5, 🎠 0.4 0.4",
    "🚢 1 1, 🛳 1 1, ⛴ 0.5 1, 🛥 0.5 1, ⛵ 1 0.7, 🚤 0.5 0.8",
    "🚚 1 0.8, 🚛 1 1, 🚒 1 0.7, 🚚 0.3 0.8, 🚛 0.5 0.7, 🚒 0.7 0.6",
]


def picture(font, emoji, colour, brightness, blurred):
    """Draw one emoji; return a Pillow image, RGBA."""
    emoji = {"BLACK_CAT": BLACK_CAT, "SERVICE_DOG": SERVICE_DOG}.get(emoji, emoji)
    large = Image.new("RGBA", (136, 128))
    ImageDraw.Draw(large).text((0, 0), emoji, font=font, embedded_color=True)
    large = large.crop(large.getbbox())
    painted = ImageEnhance.Color(large.convert("RGB")).enhance(float(colour))
    painted = ImageEnhance.Brightness(painted).enhance(float(brightness))
    painted.putalpha(large.getchannel("A"))
    painted = painted.convert("RGBa")  # so that what is not seen gives no colour
    if blurred:
        room = Image.new("RGBa", (painted.width + 8, painted.height + 8))
        room.paste(painted, (4, 4))
        painted = room.filter(ImageFilter.GaussianBlur(4))
    scale = SIZE / max(painted.size)
    width, height = (max(1, round(side * scale)) for side in painted.size)
    small = painted.resize((width, height), Image.Resampling.LANCZOS)
    square = Image.new("RGBa", (SIZE, SIZE))
    square.paste(small, ((SIZE - width) // 2, (SIZE - height) // 2))
    return square.convert("RGBA")


def main(font):
    font = ImageFont.truetype(font, 109)  # the one size that the font has
    sheet = Image.new("RGBA", (6 * SIZE, 10 * SIZE))
    for row, pictures in enumerate(PICTURES):
        for column, words in enumerate(pictures.split(", ")):
            emoji, colour, brightness, *blurred = words.split()
            drawn = picture(font, emoji, colour, brightness, blurred)
            sheet.paste(drawn, (column * SIZE, row * SIZE))
    sheet.save(Path(__file__).with_name("emoji.png"), optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
