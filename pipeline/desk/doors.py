"""doors: every address of the desk, what it asks of whoever comes, and what answers there."""

from __future__ import annotations

from pipeline.desk.again_page import accept_again_of_mail, again_of_mail
from pipeline.desk.app import Door
from pipeline.desk.find_page import find_page, letter_page, mail_story, story_page
from pipeline.desk.layout_page import layout_page, put_layout, show_layout
from pipeline.desk.lists_page import (
    list_file,
    list_page,
    lists_page,
    read_answer_back,
    release,
    send_again,
    show_answer,
)
from pipeline.desk.mail_page import (
    correct,
    decide,
    hand_on,
    mail_page,
    page_picture,
    place_picture,
    put_off,
    see_to,
    show_letter,
)
from pipeline.desk.paper_page import paper_page, scan, take_all_in, take_back
from pipeline.desk.people import Power
from pipeline.desk.queue_page import keep_off, let_on, queued_page
from pipeline.desk.rules_page import accept_all, again_page, put_prices, rules_page, show_prices
from pipeline.desk.samples_page import (
    let_its_kind_go_on,
    sample_picture,
    samples_page,
    say_what_is_read,
)
from pipeline.desk.texts_page import edit_again, put_text, show_text, text_page
from pipeline.desk.today import end_a_delivery, go_on_again, today_page
from pipeline.desk.trail_page import trail_file, trail_page
from pipeline.desk.waiting_page import waiting_page

DOORS = (
    Door("/bekleyenler", Power.LOOK, waiting_page),
    Door("/ileti/{number}", Power.LOOK, mail_page),
    Door("/ileti/{number}/kagit/{at:int}/{page:int}.png", Power.LOOK, page_picture),
    Door("/ileti/{number}/yer/{at:int}/{place:int}.png", Power.LOOK, place_picture),
    Door("/ileti/{number}/karar", Power.DECIDE, decide, is_act=True),
    Door("/ileti/{number}/mektup", Power.DECIDE, show_letter, is_act=True, is_repeatable=True),
    Door("/ileti/{number}/beklet", Power.DECIDE, put_off, is_act=True),
    Door("/ileti/{number}/duzelt", Power.DECIDE, correct, is_act=True),
    Door("/ileti/{number}/devret", Power.DECIDE, hand_on, is_act=True),
    Door("/ileti/{number}/yeniden", Power.DECIDE, again_of_mail, is_slow=True),
    Door("/ileti/{number}/yeniden/kabul", Power.DECIDE, accept_again_of_mail, is_act=True),
    Door("/yazisma/{number}/ilgilenildi", Power.DECIDE, see_to, is_act=True),
    Door("/bul", Power.LOOK, find_page),
    Door("/bul", Power.LOOK, find_page, is_act=True, is_repeatable=True),
    Door("/kisi/{number}", Power.LOOK, story_page),
    Door("/yazisma/{number}", Power.LOOK, mail_story),
    Door("/yazi/{id:int}", Power.LOOK, letter_page),
    Door("/kagit", Power.DECIDE, paper_page),
    Door("/kagit/okut", Power.DECIDE, scan, is_act=True, is_repeatable=True),
    Door("/kagit/geri", Power.DECIDE, take_back, is_act=True, is_repeatable=True),
    Door("/kagit/isle", Power.DECIDE, take_all_in, is_act=True),
    Door("/listeler", Power.LOOK, lists_page),
    Door("/liste/{day}/{number:int}", Power.LOOK, list_page),
    # Identity numbers are whole in it; those who only look see them masked.
    Door("/liste/{day}/{number:int}/dosya", Power.DECIDE, list_file),
    Door("/liste/{day}/{number:int}/onay", Power.RELEASE, release, is_act=True),
    Door("/liste/{day}/{number:int}/akibet", Power.RELEASE, send_again, is_act=True),
    Door("/siradaki/{number}", Power.DECIDE, queued_page),
    Door("/siradaki/{number}/cikar", Power.DECIDE, keep_off, is_act=True),
    Door("/siradaki/{number}/geri", Power.DECIDE, let_on, is_act=True),
    Door("/yanit", Power.DECIDE, show_answer, is_act=True),
    Door("/yanit/isle", Power.DECIDE, read_answer_back, is_act=True),
    Door("/bugun/surdur", Power.RELEASE, go_on_again, is_act=True),
    Door("/bugun/akibet", Power.DECIDE, end_a_delivery, is_act=True),
    Door("/ornek", Power.DECIDE, samples_page),
    Door("/ornek/{number:int}.png", Power.DECIDE, sample_picture, is_slow=True),
    Door("/ornek/{number:int}/yanit", Power.DECIDE, say_what_is_read, is_act=True),
    Door("/ornek/surdur", Power.RELEASE, let_its_kind_go_on, is_act=True),
    Door("/iz", Power.TRAIL, trail_page),
    Door("/iz.csv", Power.TRAIL, trail_file),
    Door("/bugun", Power.LOOK, today_page),
    Door("/kurallar", Power.RULES, rules_page),
    Door("/kurallar/tarife", Power.RULES, show_prices, is_act=True, is_repeatable=True, is_slow=True),
    Door("/kurallar/tarife/yururluk", Power.RULES, put_prices, is_act=True),
    Door("/kurallar/metin", Power.RULES, text_page),
    Door("/kurallar/metin/dene", Power.RULES, show_text, is_act=True, is_repeatable=True, is_slow=True),
    Door("/kurallar/metin/duzenle", Power.RULES, edit_again, is_act=True, is_repeatable=True),
    Door("/kurallar/metin/yururluk", Power.RULES, put_text, is_act=True),
    Door("/kurallar/duzen", Power.RULES, layout_page),
    Door("/kurallar/duzen/dene", Power.RULES, show_layout, is_act=True, is_repeatable=True, is_slow=True),
    Door("/kurallar/duzen/yururluk", Power.RULES, put_layout, is_act=True),
    Door("/kurallar/yeniden", Power.RULES, again_page, is_slow=True),
    Door("/kurallar/yeniden/kabul", Power.RULES, accept_all, is_act=True),
)
